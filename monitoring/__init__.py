"""Watching the served models: event streams, call statistics, the dashboard. Listens to what services publish."""
