"""`manage.py release NAME`: have a model loaded again that has ended its process."""

from typing import Any

from django.core.management.base import CommandParser

from models_app.management.base import ServiceCommand
from models_app.services.quarantine import releasing


class Command(ServiceCommand):
    """Release a model from quarantine."""

    help = "Has a model loaded again that is in quarantine because it has ended the process that serves it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name."""
        parser.add_argument("name", metavar="NAME")

    def serve(self, *, name: str, **_options: Any) -> None:
        """Release the model. Raises `ModelNotFound`."""
        was_quarantined = releasing.release(name=name)
        self.stdout.write(f"Released '{name}'." if was_quarantined else f"'{name}' is not in quarantine.")
