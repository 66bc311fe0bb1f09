"""Segments as they are read: decoded here, and nowhere else."""

from collections.abc import Iterator

from models_app.domain import learns
from models_app.engine.ports import Segment
from models_app.models.commits import raw_connection
from models_app.models.transactions import translated_errors

_SEGMENTS = """
SELECT first_seq, last_seq, learns FROM models_app_journalsegment
WHERE model_id = ? AND generation = ? AND first_seq > ?
ORDER BY first_seq LIMIT ?
"""
# Some at a time: a cursor left open would keep SQLite from folding its log into the database.
AT_A_TIME = 256


def to_segment(first_seq: int, last_seq: int, text: str) -> Segment:
    """Return a segment as its columns have it; `text` is that of its learns."""
    return Segment(first_seq=first_seq, last_seq=last_seq, learns=learns.decode(text))


def segments_of(model_id: int, generation: int, *, after_seq: int) -> Iterator[Segment]:
    """Yield a generation's segments that begin after a seq, in order; raises `StorageUnavailable`."""
    while rows := _rows(model_id, generation, after_seq):
        for row in rows:
            yield to_segment(*row)
        after_seq = rows[-1][1]


def _rows(model_id: int, generation: int, after_seq: int) -> list[tuple[int, int, str]]:
    with translated_errors():
        return raw_connection().execute(_SEGMENTS, (model_id, generation, after_seq, AT_A_TIME)).fetchall()
