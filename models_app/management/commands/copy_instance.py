"""`manage.py copy_instance FROM_URL TO_URL`: an instance into another database, of the same kind or not."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from models_app.management import own_processes
from models_app.management.base import ServiceCommand
from models_app.services.copying.copying import copy_instance


class Command(ServiceCommand):
    """Copy an instance."""

    help = "Copies all that is in one database into an empty one, and verifies the models of both."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the URLs."""
        parser.add_argument("source", metavar="FROM_URL", help="as DATABASE_URL has it")
        parser.add_argument("target", metavar="TO_URL", help="of a database that is empty, or not there yet")
        parser.add_argument("--no-verify", action="store_true", help="do not replay the journals of both")

    def serve(self, *, source: str, target: str, no_verify: bool, **_options: Any) -> None:
        """Copy, say what, and verify."""
        try:
            n_copied = copy_instance(
                source=source, target=target, migrate=own_processes.migrate, report=self._report
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Copied {n_copied:,} rows.")
        if no_verify:
            return
        verified = {url: own_processes.run(url, "verify_journal") for url in (source, target)}
        self.stdout.write(verified[target], ending="")
        if verified[source] != verified[target]:
            raise CommandError(
                f"The source has other models by now: it was written to. Copy it again while no server runs. "
                f"There: {verified[source].strip()}"
            )

    def _report(self, table: str, n_copied: int) -> None:
        if n_copied:
            self.stderr.write(f"{table}: {n_copied:,}")
