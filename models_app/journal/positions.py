"""Places in the journal: who stands at one has read what was committed before it, and nothing after."""

from typing import Self

import msgspec
from django.db import connection
from django.db.models import BigIntegerField, F, Q, QuerySet
from django.db.models.expressions import RawSQL

from models_app.models import JournalSegment

# Transactions from this one on may be open still.
_OLDEST_OPEN = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
_OWN = "SELECT pg_current_xact_id()::text::bigint"


# Structs without garbage collection: some are made for each commit.
class Place(msgspec.Struct, frozen=True, gc=False):
    """A place in the journal of one model: after learn `seq` of a generation.

    The learns of a generation are numbered without a gap, each commit under the condition that its number is
    the next. So this is a position with any number of writers.
    """

    model_id: int
    generation: int
    seq: int

    def at(self, seq: int) -> "Place":
        """Return the place after another learn of the same generation."""
        return Place(self.model_id, self.generation, seq)


class Position(msgspec.Struct, frozen=True, order=True, gc=False):
    """A place in the journal of all models, in the order of their commits. Its text is what followers keep.

    What it is made of is known in this module only. SQLite has one writer at a time, and its ids are given in
    the order of the commits, without a gap: it is the id of a segment, and `xid` is 0. A database with
    several writers gives ids before the commits, and the later may come first: there it is the number of the
    transaction, and the id within it; what follows ends before the oldest transaction that is still open.
    """

    xid: int = 0
    segment_id: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """Undo `str`; raises `ValueError`.

        >>> [Position.read(str(each)) == each > Position() for each in (Position(0, 7), Position(12, 7))]
        [True, True]
        """
        first, _, second = text.partition("/")
        return cls(int(first), int(second)) if second else cls(0, int(first))

    @classmethod
    def of(cls, xid: int | None, segment_id: int) -> Self:
        """Return the position after a segment, as its columns have it."""
        return cls(xid or 0, segment_id)

    @classmethod
    def of_commit(cls, segment_id: int) -> Self | None:
        """Return the position after a commit of this process.

        None where others may have written what comes before it: there the journal has to be read.
        """
        return None if has_several_writers() else cls(0, segment_id)

    @classmethod
    def newest(cls) -> Self:
        """Return the position after all that is in the journal; within a write transaction."""
        if has_several_writers():
            # What commits later, and began earlier, writes for models that are there no more.
            with connection.cursor() as cursor:
                cursor.execute(_OWN)
                return cls(cursor.fetchone()[0], 0)
        segment_id = JournalSegment.objects.order_by("-pk").values_list("pk", flat=True).first()
        return cls(0, segment_id or 0)

    def __str__(self) -> str:
        return f"{self.xid}/{self.segment_id}" if self.xid else str(self.segment_id)

    def before(self) -> "Position":
        """Return the position before the commit that this one comes after, where there is one writer."""
        return Position(0, self.segment_id - 1)

    def segments_after(self) -> "QuerySet[JournalSegment]":
        """Return the segments that follow, in the order of their commits."""
        if not has_several_writers():
            return JournalSegment.objects.filter(pk__gt=self.segment_id).order_by("pk")
        later = Q(commit_xid=self.xid, pk__gt=self.segment_id) | Q(commit_xid__gt=self.xid)
        ended = Q(commit_xid__lt=RawSQL(_OLDEST_OPEN, (), BigIntegerField()))  # noqa: S611  # nothing from outside
        # The first condition of the three is what the index is entered with.
        found = JournalSegment.objects.filter(Q(commit_xid__gte=self.xid) & later & ended)
        return found.order_by(F("commit_xid"), "pk")


def has_several_writers() -> bool:
    """Say whether several processes may write to the database at a time."""
    return connection.vendor != "sqlite"
