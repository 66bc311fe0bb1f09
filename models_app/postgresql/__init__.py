"""What Django is told of a PostgreSQL database."""
