"""`manage.py forget NAME --id ID | --feature NAME=VALUE`: a model without the records that mention it."""

from typing import Any

import msgspec
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from models_app.domain import names
from models_app.domain.mentions import Mention, OfFeature, OfId, Value
from models_app.management.base import ServiceCommand
from models_app.services import forgetting
from models_app.services.forgetting import Forgotten


class Command(ServiceCommand):
    """Forget records."""

    help = (
        "Takes all records that have an id or a feature's value out of a model's journal and out of what is "
        "pending, and makes the model what it would be had it never had them; the audit trail gets a receipt."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model and what is to be forgotten."""
        parser.add_argument("name", metavar="NAME")
        asked = parser.add_mutually_exclusive_group(required=True)
        asked.add_argument("--id", dest="prediction_id", help="the id of predictions")
        asked.add_argument(
            "--feature",
            metavar="NAME=VALUE",
            help="a feature, or what else the model is asked with (user=u7); a value that reads as a number, "
            "true, false or null stands for that and for the text",
        )
        parser.add_argument(
            "--rewrite",
            action="store_true",
            help="make the database's file anew however large it is, so that it holds no trace; nobody can "
            "write meanwhile",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count what there is; change nothing")

    def serve(
        self,
        *,
        name: str,
        prediction_id: str | None,
        feature: str | None,
        rewrite: bool,
        dry_run: bool,
        **_options: Any,
    ) -> None:
        """Forget, and print what has gone; or print what there is."""
        if prediction_id is not None:
            mention: Mention = OfId(names.prediction_id(prediction_id))
        else:
            mention = _feature(feature or "")
        if dry_run:
            found = forgetting.find_mentions(name=name, mention=mention)
            self.stdout.write(f"'{name}' has {_counted(found.n_records, found.n_pending)}.")
            return
        done = forgetting.forget(name=name, mention=mention, now=timezone.now(), rewrites=rewrite)
        self._say(name, done)

    def _say(self, name: str, done: Forgotten) -> None:
        self.stdout.write(f"'{name}' has forgotten {_counted(done.n_records, done.n_pending)}.")
        if done.generation != done.left_generation:
            self.stdout.write(
                f"It was at learn {done.left_seq:,}, and goes on from learn {done.seq:,} as generation "
                f"{done.generation}."
            )
        self.stdout.write(f"Receipt: {done.receipt}")
        if done.has_traces:
            self.stdout.write("The database file may have traces left: --rewrite removes them.")
            if settings.SNAPSHOTS_URL:
                self.stdout.write("So may the object store, until a server can remove them.")


def _feature(text: str) -> OfFeature:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise CommandError("--feature must be NAME=VALUE.")
    read = _read(value)
    return OfFeature(name, [value] if read == value else [read, value])


def _read(text: str) -> Value:
    """Return a value as JSON reads it; text that is none, or a string there, as it is."""
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return text
    return value if value is None or isinstance(value, int | float) else text


def _counted(n_records: int, n_pending: int) -> str:
    records = f"{n_records:,} record{'' if n_records == 1 else 's'}"
    return f"{records} and {n_pending:,} pending prediction{'' if n_pending == 1 else 's'}"
