"""The journal as it is in the database. Every function raises `StorageUnavailable`."""

from collections.abc import Iterator

from django.db.models import QuerySet

from models_app.domain.learns import Learn
from models_app.engine.ports import Segment
from models_app.journal.pieces import Read
from models_app.journal.positions import Place, Position
from models_app.models import JournalSegment
from models_app.models.segments import AT_A_TIME, to_segment
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors

__all__ = [
    "Segment",
    "last_seq",
    "learns_after",
    "newest_first",
    "read_after",
    "scored_after",
    "segments_after",
]

# From the end: who wants the last learns mostly wants few.
_NEWEST_AT_A_TIME = 50


def segments_after(place: Place, *, until_seq: int | None = None) -> Iterator[Segment]:
    """Yield the segments that begin after a place, in order, up to that which has learn `until_seq`."""
    for segment in get_storage().segments_of(place.model_id, place.generation, after_seq=place.seq):
        if until_seq is not None and segment.first_seq > until_seq:
            return
        yield segment


def read_after(place: Place) -> Iterator[Read[Place]]:
    """Yield what follows a place, in order; where learns are missing, it ends."""
    for segment in segments_after(place):
        if segment.first_seq != place.seq + 1:
            return
        place = place.at(segment.last_seq)
        yield Read(ends_at=place, learns=segment.learns)


def learns_after(place: Place, *, until_seq: int) -> Iterator[tuple[int, Learn]]:
    """Yield the learns after a place with their seqs, in order, up to `until_seq` or to a gap.

    The place may be in the middle of a segment.
    """
    seq = place.seq
    for segment in segments_after(_begin_of_segment(place), until_seq=until_seq):
        if segment.first_seq > seq + 1:
            return
        for number, learn in enumerate(segment.learns, start=segment.first_seq):
            if seq < number <= until_seq:
                yield number, learn
                seq = number


def newest_first(place: Place, *, max_characters: int | None = None) -> Iterator[Segment]:
    """Yield the segments that begin after a place, the newest first, until so much text has been read."""
    with translated_errors():
        rows = _of(place).filter(first_seq__gt=place.seq).order_by("-first_seq")
        n_characters = 0
        for row in rows.values_list("first_seq", "last_seq", "learns").iterator(_NEWEST_AT_A_TIME):
            yield to_segment(*row)
            n_characters += len(row[2])
            if max_characters is not None and n_characters > max_characters:
                return


def last_seq(model_id: int, generation: int) -> int:
    """Return the last learn of a generation; 0: it has none in the journal."""
    with translated_errors():
        newest = _of(Place(model_id, generation, 0)).order_by("-first_seq")
        return newest.values_list("last_seq", flat=True).first() or 0


def scored_after(position: Position) -> list[Read[Position]]:
    """Return some of what follows a position, of all models; nothing: there is no more.

    Of models without metrics the learns are left out. A model that is replaced begins with an empty journal:
    what a segment has was learned under the flavor that its model has now.
    """
    with translated_errors():
        rows = position.segments_after().values_list(
            "commit_xid", "pk", "first_seq", "last_seq", "learns", "model__is_scored", "model__flavor"
        )
        return [
            Read(
                ends_at=Position.of(xid, pk),
                learns=to_segment(first, last, text).learns if is_scored else (),
                flavor=flavor,
            )
            for xid, pk, first, last, text, is_scored, flavor in rows[:AT_A_TIME]
        ]


def _of(place: Place) -> "QuerySet[JournalSegment]":
    return JournalSegment.objects.filter(model_id=place.model_id, generation=place.generation)


def _begin_of_segment(place: Place) -> Place:
    """Return the place before the segment that has the next learn."""
    with translated_errors():
        holding = _of(place).filter(first_seq__lte=place.seq + 1).order_by("-first_seq")
        first_seq = holding.values_list("first_seq", flat=True).first()
    return place if first_seq is None else place.at(first_seq - 1)
