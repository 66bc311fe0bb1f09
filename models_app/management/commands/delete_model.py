"""`manage.py delete_model NAME`: serve a model no more."""

from typing import Any

from django.core.management.base import CommandParser

from models_app.management.base import ServiceCommand
from models_app.services import uploading


class Command(ServiceCommand):
    """Delete a model."""

    help = "Deletes a model with its journal, its snapshots and what it has pending."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name."""
        parser.add_argument("name", metavar="NAME")

    def serve(self, *, name: str, **_options: Any) -> None:
        """Delete the model. Raises `ModelNotFound`."""
        uploading.delete_model(name=name)
        self.stdout.write(f"Deleted '{name}'.")
