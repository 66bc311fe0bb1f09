"""Statuses of models: which are well, and why others are not."""
