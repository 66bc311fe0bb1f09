"""Looking up records in the journal of one model. Every function raises `StorageUnavailable`."""

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile

import msgspec
from django.db.models import QuerySet, Value
from django.db.models.functions import StrIndex

from models_app.domain.learns import Learn
from models_app.models import Generation, JournalSegment
from models_app.models.segments import to_segment
from models_app.models.transactions import translated_errors

# Learns that one query looks through: a tenth of a second.
_LEARNS_AT_A_TIME = 20_000
_SEGMENTS_AT_A_TIME = 50
_BEYOND = 2**63 - 1


class Spot(msgspec.Struct, frozen=True, order=True):
    """A place in the journal of a model, all its generations in their order; written `generation.seq`."""

    generation: int
    seq: int

    @classmethod
    def read(cls, text: str) -> "Spot":
        """Undo `str`; raises `ValueError`.

        >>> str(Spot.read("2.750")), Spot.read("2.750") > Spot(1, 900)
        ('2.750', True)
        """
        generation, _, seq = text.partition(".")
        found = cls(int(generation), int(seq))
        if not (0 < found.generation <= _BEYOND and 0 <= found.seq <= _BEYOND):
            raise ValueError(text)
        return found

    def __str__(self) -> str:
        return f"{self.generation}.{self.seq}"


#: Before it is everything.
END = Spot(_BEYOND, _BEYOND)


class Seen(msgspec.Struct, frozen=True):
    """What one query has looked through: down to `spot`, and the segments' records that it found there."""

    spot: Spot
    records: list[tuple[Spot, Learn]]
    n_characters: int


def newest_before(model_id: int, before: Spot) -> Iterator[Seen]:
    """Yield the records before a place, the newest first, segment by segment."""
    for generation, rows in _generations(model_id, before):
        found = rows.values_list("first_seq", "last_seq", "learns").iterator(_SEGMENTS_AT_A_TIME)
        while (row := _next(found)) is not None:
            yield _seen(generation, row, before)


def with_id_before(model_id: int, before: Spot, prediction_id: str) -> Iterator[Seen]:
    """Yield the records of an id before a place, the newest first, some thousand learns at a time.

    No index has the ids: they would cost each learn more than they help who looks one up.
    """
    # As records begin, written by the same encoder. It may be met with in features as well.
    begun = "[" + msgspec.json.encode(prediction_id).decode() + ","
    for generation, rows in _generations(model_id, before):
        seq = _last_seq(rows)
        while seq > 0:
            since = max(seq - _LEARNS_AT_A_TIME, 0)
            some = rows.filter(first_seq__gt=since, first_seq__lte=seq).annotate(
                at=StrIndex("learns", Value(begun))
            )
            with translated_errors():
                texts = list(some.filter(at__gt=0).values_list("first_seq", "last_seq", "learns"))
            pieces = [_seen(generation, row, before) for row in texts]
            records = [
                each for piece in pieces for each in piece.records if each[1].prediction_id == prediction_id
            ]
            yield Seen(Spot(generation, since + 1), records, sum(piece.n_characters for piece in pieces))
            seq = since


def at_seq(model_id: int, seq: int) -> list[tuple[Spot, Learn]]:
    """Return the records that are learn `seq` of any generation, the newest generation first."""
    found = []
    for generation, rows in _generations(model_id, END):
        with translated_errors():
            row = rows.filter(first_seq__lte=seq).values_list("first_seq", "last_seq", "learns").first()
        if row is not None and row[1] >= seq:
            found += [each for each in _seen(generation, row, END).records if each[0].seq == seq]
    return found


def spot_after(model_id: int, moment: datetime) -> Spot:
    """Return the place after what was committed up to a moment, within a segment or so."""
    for generation, rows in _generations(model_id, END, until=moment):
        low, high = 0, _last_seq(rows) + 1
        # Segments are written in the order of time, and no index has it: a search of some ten queries.
        while high - low > 1:
            middle = (low + high) // 2
            with translated_errors():
                row = (
                    rows.filter(first_seq__lte=middle)
                    .values_list("first_seq", "last_seq", "committed_at")
                    .first()
                )
            if row is None:
                low = middle
            elif row[2] <= moment:
                low = max(middle, row[1])
            else:
                high = row[0]
        if low > 0:
            # One more: a record is learned before it is committed.
            with translated_errors():
                row = (
                    rows.filter(first_seq__lte=high)
                    .values_list("first_seq", "last_seq", "committed_at")
                    .first()
                )
            return Spot(generation, max(low, row[1] if row else 0) + 1)
    return Spot(0, 0)


def _generations(
    model_id: int, before: Spot, *, until: datetime | None = None
) -> Iterator[tuple[int, "QuerySet[JournalSegment]"]]:
    """Yield the generations that may have records before a place, the newest first, with its segments."""
    begun = Generation.objects.filter(model_id=model_id, generation__lte=before.generation)
    if until is not None:
        begun = begun.filter(started_at__lte=until)
    with translated_errors():
        rows = list(begun.order_by("-generation").values_list("generation", "kind"))
    later = list(takewhile(lambda row: row[1] != Generation.UPLOAD, rows))
    # An upload discards what was there before.
    for generation, _ in rows[: len(later) + 1]:
        segments = JournalSegment.objects.filter(model_id=model_id, generation=generation).order_by(
            "-first_seq"
        )
        yield (
            generation,
            segments.filter(first_seq__lt=before.seq) if generation == before.generation else segments,
        )


def _last_seq(rows: "QuerySet[JournalSegment]") -> int:
    with translated_errors():
        return rows.values_list("last_seq", flat=True).first() or 0


def _next(rows: Iterator[tuple[int, int, str]]) -> tuple[int, int, str] | None:
    with translated_errors():
        return next(rows, None)


def _seen(generation: int, row: tuple[int, int, str], before: Spot) -> Seen:
    segment = to_segment(*row)
    numbered = [(Spot(generation, seq), learn) for seq, learn in enumerate(segment.learns, segment.first_seq)]
    records = [each for each in reversed(numbered) if each[0] < before]
    return Seen(Spot(generation, segment.first_seq), records, len(row[2]))
