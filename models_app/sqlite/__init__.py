"""Django's backend for SQLite, with an eye on the database's files."""
