"""Rewriting of the journal: what is left of segments from which records were taken."""

from collections.abc import Iterator
from itertools import islice
from typing import IO

import msgspec
from django.db import connection

_AT_A_TIME = 500
_REPLACE = """
UPDATE models_app_journalsegment
SET generation = %s, first_seq = %s, last_seq = %s, learns = coalesce(%s, learns)
WHERE model_id = %s AND generation = %s AND first_seq = %s
"""
_REMOVE = "DELETE FROM models_app_journalsegment WHERE model_id = %s AND generation = %s AND first_seq = %s"


class Rewritten(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What becomes of the segment of a generation that begins with learn `old_first_seq`.

    Its learns, or those that are left of them, are then `first_seq` and following of `generation`: `text`, or
    as they are. Without any the segment is removed.
    """

    old_generation: int
    old_first_seq: int
    generation: int
    first_seq: int
    n_learns: int
    text: str | None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Rewritten)


class RewrittenJournal:
    """What becomes of segments, in a file: a journal may be larger than memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, rewritten: Rewritten) -> None:
        """Add one, after those of the same generation that come before it."""
        # JSON has no line breaks.
        self._file.write(_encoder.encode(rewritten) + b"\n")

    def apply(self, model_id: int) -> None:
        """Write them to the journal; to be called within a transaction.

        Numbers only become smaller, so that in their order none meets one that is still to be changed.
        """
        with connection.cursor() as cursor:
            for some in self._read():
                cursor.executemany(_REMOVE, [_place(model_id, each) for each in some if not each.n_learns])
            for some in self._read():
                cursor.executemany(_REPLACE, [_row(model_id, each) for each in some if each.n_learns])

    def _read(self) -> Iterator[list[Rewritten]]:
        self._file.seek(0)
        while lines := list(islice(self._file, _AT_A_TIME)):
            yield [_decoder.decode(line) for line in lines]


def _place(model_id: int, each: Rewritten) -> tuple[int, int, int]:
    return model_id, each.old_generation, each.old_first_seq


def _row(model_id: int, each: Rewritten) -> tuple[int, int, int, str | None, int, int, int]:
    last_seq = each.first_seq + each.n_learns - 1
    return each.generation, each.first_seq, last_seq, each.text, *_place(model_id, each)
