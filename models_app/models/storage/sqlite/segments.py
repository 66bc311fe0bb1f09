"""Segments as SQLite has them."""

from collections.abc import Iterator

from models_app.engine.ports import Segment
from models_app.models import segments
from models_app.models.storage.sqlite.commits import raw_connection
from models_app.models.transactions import translated_errors

_SEGMENTS = """
SELECT first_seq, last_seq, learns FROM models_app_journalsegment
WHERE model_id = ? AND generation = ? AND first_seq > ?
ORDER BY first_seq LIMIT ?
"""


def segments_of(model_id: int, generation: int, *, after_seq: int) -> Iterator[Segment]:
    """Yield a generation's segments that begin after a seq, in order; raises `StorageUnavailable`."""
    while rows := _rows(model_id, generation, after_seq):
        for row in rows:
            yield segments.to_segment(*row)
        after_seq = rows[-1][1]


def _rows(model_id: int, generation: int, after_seq: int) -> list[tuple[int, int, str]]:
    with translated_errors():
        return (
            raw_connection()
            .execute(_SEGMENTS, (model_id, generation, after_seq, segments.AT_A_TIME))
            .fetchall()
        )
