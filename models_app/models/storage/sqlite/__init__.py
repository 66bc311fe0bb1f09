"""The storage on SQLite, with all that only SQLite needs."""
