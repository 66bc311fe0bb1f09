"""Alerts: opened, told of, acknowledged, muted, and resolved when their cause ends."""
