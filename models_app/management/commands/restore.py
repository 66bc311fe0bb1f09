"""`manage.py restore FILE`: an instance out of a backup."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from models_app.management import own_processes
from models_app.management.base import ServiceCommand
from models_app.management.migrating import migrations_are_missing
from models_app.services.backups import restoring


class Command(ServiceCommand):
    """Restore."""

    help = "Restores what `backup` has written into an instance that has no database yet."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, metavar="FILE", help="as `backup` has written it")

    def serve(self, *, file: Path, **_options: Any) -> None:
        """Restore, and say what to do next."""
        renamed = restoring.restore(file, copy=_copy)
        if not migrations_are_missing():
            restoring.write_down(file)
        for path in renamed:
            self.stdout.write(f"What was there before is {path}.")
        self.stdout.write("Restored. Serve it with `python manage.py serve --setup`.")


def _copy(source: str, target: str) -> None:
    # It may be of an older version.
    own_processes.migrate(source)
    own_processes.run(target, "copy_instance", "--no-verify", source, target)
