"""`manage.py prune_predictions --older-than 30d`: give up on old pending predictions."""

import re
from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from models_app.management.base import ServiceCommand
from models_app.services import pruning

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Command(ServiceCommand):
    """Delete old pending predictions."""

    help = "Deletes the pending predictions that are older than an age."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the age."""
        parser.add_argument(
            "--older-than",
            type=parse_age,
            required=True,
            metavar="AGE",
            help="such as 90s, 15m, 12h, 30d, 8w",
        )

    def serve(self, *, older_than: timedelta, **_options: Any) -> None:
        """Delete them and say how many they were."""
        try:
            before = timezone.now() - older_than
        except OverflowError:
            raise CommandError("--older-than reaches back before the calendar begins.") from None
        n_deleted = pruning.prune_predictions(before=before)
        self.stdout.write(f"Deleted {n_deleted:,} pending prediction{'s' * (n_deleted != 1)}.")


def parse_age(text: str) -> timedelta:
    """Return an age written as a whole number and a unit; raises ArgumentTypeError.

    >>> parse_age("30d")
    datetime.timedelta(days=30)
    """
    match = re.fullmatch(r"([0-9]{1,8})([smhdw])", text)
    if match is None:
        raise ArgumentTypeError(f"'{text}' is no age: a whole number and s, m, h, d or w, such as 30d.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})
