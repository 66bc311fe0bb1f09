"""`manage.py init FLAVOR`: erase everything and start with a flavor."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from models_app.management.base import ServiceCommand
from models_app.paradigms.registry import FLAVORS
from models_app.services import configuring, counting

YES = "yes"


class Command(ServiceCommand):
    """Set the flavor."""

    help = "Sets the flavor, erasing all models, pending predictions, the journal, metrics and statistics."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the flavor."""
        parser.add_argument("flavor", choices=list(FLAVORS), metavar="FLAVOR", help=", ".join(FLAVORS))
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="asks", help="erase without asking"
        )

    def serve(self, *, flavor: str, asks: bool = True, **_options: Any) -> None:
        """Set the flavor. Raises CommandError unless the user agrees to the erasing."""
        if asks and _is_in_use() and not self._user_agrees():
            raise CommandError("Nothing was erased.")
        configuring.set_flavor(flavor=flavor, now=timezone.now())
        self.stdout.write(f"The flavor is {flavor}.")

    def _user_agrees(self) -> bool:
        n_models = counting.model_count()
        models = "1 model" if n_models == 1 else f"{n_models} models"
        self.stdout.write(
            f"This erases {models} with all that was learned, the pending predictions, the journal, "
            "the metrics and the statistics."
        )
        try:
            return input(f"Type '{YES}' to go on: ").strip().lower() == YES
        except EOFError:
            raise CommandError("Nothing was erased: nobody is there to ask. Use --no-input.") from None


def _is_in_use() -> bool:
    return configuring.get_epoch() is not None
