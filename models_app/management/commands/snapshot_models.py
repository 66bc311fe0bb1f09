"""`manage.py snapshot_models [NAME...]`: snapshots now."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.domain.errors import ChantillyError
from models_app.management.base import ServiceCommand, explained
from models_app.services import finding, snapshotting


class Command(ServiceCommand):
    """Take snapshots."""

    help = "Takes a snapshot of the models named, or of all, so that the next start replays nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take names."""
        parser.add_argument("names", nargs="*", metavar="NAME", help="all models if none is named")

    def serve(self, *, names: list[str], **_options: Any) -> None:
        """Take them one by one. Raises CommandError at the end if any was refused."""
        refused = []
        for name in names or finding.model_names():
            try:
                seq = snapshotting.take_snapshot(name=name)
            except ChantillyError as error:
                refused.append(f"{name}: {explained(error)}")
            else:
                self.stdout.write(f"{name}: snapshot at seq {seq}")
        if refused:
            raise CommandError("No snapshot of " + "; ".join(refused))
