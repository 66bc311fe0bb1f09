"""The formats of times in the admin."""
