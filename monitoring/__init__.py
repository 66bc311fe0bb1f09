"""Watching the served models: event streams, call statistics, the dashboard.

It listens to what the services publish; they know nothing of it.
"""
