"""`manage.py sweep_snapshots`: remove the objects that no snapshot names."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from models_app.management.base import ServiceCommand
from models_app.services import snapshot_objects


class Command(ServiceCommand):
    """Sweep the object store."""

    help = "Removes what no snapshot names from SNAPSHOTS_URL; a server does it now and then."

    def serve(self, **_options: Any) -> None:
        """Remove them and say how many they were."""
        if not settings.SNAPSHOTS_URL:
            raise CommandError("SNAPSHOTS_URL is not set: the snapshots are in the database.")
        if not snapshot_objects.remove_discarded():
            raise CommandError("Objects of deleted snapshots cannot be removed now.")
        n_removed = snapshot_objects.sweep(now=timezone.now())
        self.stdout.write(f"Removed {n_removed:,} object{'s' * (n_removed != 1)} that no snapshot names.")
