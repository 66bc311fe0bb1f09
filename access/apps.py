"""The application of tokens and groups."""

from django.apps import AppConfig
from django.conf import settings
from django.db.models import signals


class AccessConfig(AppConfig):
    """Follows the tokens in a server where they are required."""

    name = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the server's start begin it, and its end end it; write down who changes users and groups."""
        from django.contrib.admin.models import LogEntry
        from django.contrib.auth.models import Group, User

        from access.auditing import record_change, record_deletion

        signals.post_save.connect(record_change, LogEntry)
        for kind in (User, Group):
            signals.post_delete.connect(record_deletion, kind)
        if not settings.AUTH_REQUIRED:
            return
        # Only now are the models of every app there to be imported.
        from access.knowledge import follower
        from models_app.services import hooks

        hooks.startup.add(follower.start)
        hooks.shutdown.add(follower.stop)
