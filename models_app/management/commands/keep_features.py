"""`manage.py keep_features NAME WAY`: choose what is shown of a model's features."""

from typing import Any

from django.core.management.base import CommandParser

from models_app.domain.showing import WAYS
from models_app.management.base import ServiceCommand
from models_app.services import showing

DEFAULT = "default"


class Command(ServiceCommand):
    """Choose what is shown of a model's features."""

    help = (
        "Chooses what is shown of a model's features in events, pages and logs: their values, digests of "
        "these, or names alone. The database keeps what the model learns from."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model and the way."""
        parser.add_argument("name", metavar="NAME")
        parser.add_argument(
            "way",
            choices=[*WAYS, DEFAULT],
            help=f"'{DEFAULT}' goes by the setting FEATURES_KEPT",
        )

    def serve(self, *, name: str, way: str, **_options: Any) -> None:
        """Write the choice down, and say what holds now."""
        shown = showing.keep_features(name=name, way=None if way == DEFAULT else way)
        source = "its own choice" if shown.is_own else "by the setting"
        self.stdout.write(f"Features of '{name}' are shown: {shown.way} ({source}).")
