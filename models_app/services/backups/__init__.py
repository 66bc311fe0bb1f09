"""Backups: one file with all that an instance needs, and the way back from it."""
