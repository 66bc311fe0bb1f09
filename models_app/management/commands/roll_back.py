"""`manage.py roll_back NAME [--seq SEQ]`: go back to a snapshot, or see which there are."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from models_app.management import rendering
from models_app.management.base import ServiceCommand
from models_app.models import Snapshot
from models_app.services import rolling_back

HEADINGS = ("GENERATION", "SEQ", "TAKEN", "SIZE", "METRICS")
TO_THE_RIGHT = frozenset({"GENERATION", "SEQ", "SIZE"})


class Command(ServiceCommand):
    """Roll a model back."""

    help = (
        "Lets a model be again what it was at a snapshot, and go on from there as a new generation; "
        "without --seq it lists the snapshots."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the model and the snapshot."""
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--seq", type=int, help="the learn at which the snapshot was taken")
        parser.add_argument(
            "--generation", type=int, help="of the snapshot; the newest that has one there if none is given"
        )

    def serve(self, *, name: str, seq: int | None, generation: int | None, **_options: Any) -> None:
        """Roll back and say how to learn again what came after; or list the snapshots."""
        if seq is None:
            if generation is not None:
                raise CommandError("--generation needs --seq: which snapshot?")
            self._list(name)
            return
        done = rolling_back.roll_back(name=name, seq=seq, generation=generation, now=timezone.now())
        self.stdout.write(
            f"'{name}' is what it was at learn {done.seq:,} of generation {done.from_generation}, "
            f"and goes on as generation {done.generation}."
        )
        self.stdout.write(
            f"Generation {done.left_generation} ends at learn {done.left_seq:,}; to learn again what only it "
            f"has: replay '{name}' --generation {done.left_generation}"
        )

    def _list(self, name: str) -> None:
        rows = [_row(snapshot) for snapshot in rolling_back.snapshots_to_go_back_to(name=name)]
        for line in rendering.table(HEADINGS, rows, to_the_right=TO_THE_RIGHT):
            self.stdout.write(line)


def _row(snapshot: Snapshot) -> tuple[str, ...]:
    return (
        str(snapshot.generation),
        f"{snapshot.seq}",
        snapshot.taken_at.isoformat(" ", "seconds"),
        rendering.size(snapshot.size_bytes),
        rendering.metrics(snapshot.metric_values),
    )
