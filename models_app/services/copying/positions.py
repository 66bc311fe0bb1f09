"""Places in the journal of one database as places in its copy, where commits are numbered in another way."""

from bisect import bisect_right

from django.db import connections
from django.db.models import Model

from models_app.models import Configuration, FlavorMetrics, JournalSegment
from models_app.models.signing import signer
from models_app.services.copying.databases import SOURCE, TARGET, has_several_writers
from models_app.services.folding import context_of


class Numbering:
    """What becomes of the segments' numbers, and of what counts by them.

    A database with one writer numbers segments in the order of their commits. One with several has the
    transaction, too. All segments of a copy are of one transaction, and their numbers are in the order of the
    commits that they had.
    """

    def __init__(self) -> None:
        self._commits: list[tuple[int, int]] | None = None
        if has_several_writers(SOURCE):
            rows = JournalSegment.objects.using(SOURCE).order_by("commit_xid", "pk")
            self._commits = [(xid or 0, pk) for xid, pk in rows.values_list("commit_xid", "pk").iterator()]
            self._numbers = {pk: number for number, (_, pk) in enumerate(self._commits, start=1)}
        self._xid = _current_xid() if has_several_writers(TARGET) else 0

    def apply(self, row: Model) -> None:
        """Change a row on its way into the copy."""
        if isinstance(row, JournalSegment):
            if self._commits is not None:
                row.pk = self._numbers[row.pk]
            row.commit_xid = self._xid or None
        elif isinstance(row, Configuration):
            row.metrics_position = self._position(row.metrics_position)
        elif isinstance(row, FlavorMetrics):
            self._sign(row)

    def _position(self, text: str) -> str:
        first, _, second = text.partition("/")
        xid, segment_id = (int(first), int(second)) if second else (0, int(first))
        if self._commits is not None:
            # As many of them come before it.
            segment_id = bisect_right(self._commits, (xid, segment_id))
        return f"{self._xid}/{segment_id}" if self._xid else str(segment_id)

    def _sign(self, row: FlavorMetrics) -> None:
        """Have metrics be signed for their new place; raises `ModelNotLoadable` where they are not now."""
        epoch = Configuration.objects.using(SOURCE).values_list("epoch", flat=True).get()
        before, data = row.metrics_position, bytes(row.metrics_bytes)
        row.metrics_position = self._position(before)
        signer().check(context_of(epoch, row.flavor, before), row.metrics_signature, data)
        if row.metrics_position != before:
            row.metrics_signature = signer().sign(context_of(epoch, row.flavor, row.metrics_position), data)


def _current_xid() -> int:
    with connections[TARGET].cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])
