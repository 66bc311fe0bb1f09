"""Heads that a connection has seen: a client sends the same one again and again, and it is read once."""

from typing import NamedTuple

from web.asgi import AnswerSoon

_END = b"\r\n\r\n"
# Of one connection; clients whose heads are another each time fill it, and begin anew.
_MAX_HEADS = 64
_MAX_BYTES = 1024


class _Known(NamedTuple):
    answer_soon: AnswerSoon
    length: int


class KnownHeads:
    """The heads of one connection whose requests were answered on the short way.

    What a head means hangs on nothing but its bytes: which address it is, whether the guard lets it pass, how
    long its body is. Where a segment is such a head and a body of just that length, neither parser nor guard
    have to look at it again.
    """

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[bytes, _Known] = {}

    def find(self, segment: bytes) -> tuple[AnswerSoon, bytes] | None:
        """Return how to answer a segment that is a whole request with a known head, and its body."""
        end = segment.find(_END) + len(_END)
        known = self._heads.get(segment[:end])
        if known is None or len(segment) - end != known.length:
            return None
        return known.answer_soon, segment[end:]

    def remember(self, segment: bytes, answer_soon: AnswerSoon, length: int) -> None:
        """Remember the head of a segment, unless that is more or less than one request with such a body."""
        end = segment.find(_END) + len(_END)
        if end > _MAX_BYTES or len(segment) - end != length:
            return
        if len(self._heads) >= _MAX_HEADS:
            self._heads.clear()
        self._heads[segment[:end]] = _Known(answer_soon, length)
