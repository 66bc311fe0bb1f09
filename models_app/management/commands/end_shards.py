"""`manage.py end_shards`: end the shards on a cluster of Ray."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from models_app.services import raying


class Command(BaseCommand):
    """End this instance's shards; servers that run start them anew."""

    help = "Ends the shards on a cluster of Ray (ENGINE=ray); servers that run start them anew."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """End them. Raises CommandError where they are elsewhere, or the cluster is away."""
        if settings.ENGINE != "ray":
            raise CommandError("There is no cluster: ENGINE is local.")
        try:
            n = raying.cluster.end_actors()
        except OSError as error:
            raise CommandError(f"The cluster is not there: {error}.") from error
        self.stdout.write(f"Ended {n} shards.")
