"""`manage.py backup FILE`: all that the instance needs in one file, while it is served."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from models_app.management import own_processes
from models_app.management.base import ServiceCommand
from models_app.services.backups import making


class Command(ServiceCommand):
    """Back up."""

    help = "Writes the database, secret key, hash seed and config.py into FILE; a server may run meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path, metavar="FILE", help="must not exist; only you can read it")

    def serve(self, *, file: Path, **_options: Any) -> None:
        """Make it, and say how large it is."""
        missing = making.make(file, migrate=own_processes.migrate)
        self.stdout.write(f"Backed up to {file}: {file.stat().st_size:,} bytes.")
        for what in missing:
            self.stderr.write(f"Not in it: {what}.")
