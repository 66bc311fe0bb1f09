"""Places in the journal: who stands at one has read what was committed before it, and nothing after."""

from typing import Self

import msgspec
from django.db.models import QuerySet

from models_app.models import JournalSegment


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

    What it is made of is known in this module only. It is the id of a segment: SQLite has one writer at a
    time, and its ids are given in the order of the commits, without a gap. A database with several writers
    gives ids before the commits, and the later may come first: there the position needs the transaction, too,
    and `segments_after` has to end before the oldest one that is still open.
    """

    segment_id: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """Undo `str`; raises `ValueError`.

        >>> Position.read(str(Position(7))) == Position(7) > Position()
        True
        """
        return cls(int(text))

    @classmethod
    def newest(cls) -> Self:
        """Return the position after all that is in the journal."""
        segment_id = JournalSegment.objects.order_by("-pk").values_list("pk", flat=True).first()
        return cls(segment_id or 0)

    def __str__(self) -> str:
        return str(self.segment_id)

    def before(self) -> "Position":
        """Return the position before the commit that this one comes after."""
        return Position(self.segment_id - 1)

    def segments_after(self) -> "QuerySet[JournalSegment]":
        """Return the segments that follow, in the order of their commits."""
        return JournalSegment.objects.filter(pk__gt=self.segment_id).order_by("pk")
