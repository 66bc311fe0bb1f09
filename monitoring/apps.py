"""Connects monitoring with what services publish."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Subscribes at start; touches neither the database nor any thread."""

    name = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Subscribe to predictions and learns, calls, erasures and the server's end."""
        # Only now are the models of every app there to be imported.
        from monitoring.wiring import connect

        connect()
