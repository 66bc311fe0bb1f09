"""Segments as they are read: decoded here, and nowhere else."""

from models_app.domain import learns
from models_app.engine.ports import Segment

# Some at a time: a cursor left open would keep SQLite from folding its log into the database.
AT_A_TIME = 256


def to_segment(first_seq: int, last_seq: int, text: str) -> Segment:
    """Return a segment as its columns have it; `text` is that of its learns."""
    return Segment(first_seq=first_seq, last_seq=last_seq, learns=learns.decode(text))
