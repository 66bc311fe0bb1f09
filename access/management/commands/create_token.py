"""`manage.py create_token NAME`: a token for the API."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from access import tokens
from access.bounds import QUOTAS, Bounds
from models_app.domain.scopes import SCOPES
from models_app.domain.units import read_size
from models_app.management.base import ServiceCommand
from models_app.management.commands.prune_predictions import parse_age

_QUOTAS = {
    "max_models": "models that it has uploaded and that are there, at most",
    "max_bytes": "bytes of these models together, at most, such as 100M",
    "max_pending": "predictions of its own that await their ground truths, at most",
}


class Command(ServiceCommand):
    """Make a token and print it, alone on standard output: it is shown only now."""

    help = "Makes a token for the API, and prints it: it is shown only now."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what the token may do."""
        parser.add_argument("name", help="who or what will use it")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=SCOPES,
            dest="scopes",
            help="may be given often",
        )
        parser.add_argument(
            "--model",
            action="append",
            default=[],
            dest="models",
            metavar="PATTERN",
            help="only for models of this name, or of names such as 'pump-*'; may be given often",
        )
        parser.add_argument(
            "--expires",
            type=parse_age,
            metavar="AGE",
            help="after that time, such as 12h or 90d; never without it",
        )

        parser.add_argument(
            "--rate",
            action="append",
            default=[],
            dest="rates",
            help="how often, such as 100/s in all, predict=100/s or /api/learn=5/m; in the place of "
            "RATE_LIMITS; may be given often",
        )

        for name, of in _QUOTAS.items():
            read = read_size if name == "max_bytes" else int
            parser.add_argument(f"--{name.replace('_', '-')}", type=read, metavar="N", help=of)

    def serve(self, **options: Any) -> None:
        """Make it."""
        made = tokens.create_token(
            name=options["name"],
            scopes=options["scopes"],
            models=options["models"],
            expires_at=None if options["expires"] is None else _after(options["expires"]),
            bounds=Bounds(rates=options["rates"], **{name: options[name] for name in QUOTAS}),
            now=timezone.now(),
        )
        self.stdout.write(made.secret)
        self.stderr.write(f"This is the token '{made.name}'. It is shown only now.")


def _after(age: timedelta) -> datetime:
    try:
        return timezone.now() + age
    except OverflowError:
        raise CommandError("--expires reaches beyond the calendar's end.") from None
