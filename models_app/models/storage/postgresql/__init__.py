"""The storage on PostgreSQL, with all that only PostgreSQL needs."""
