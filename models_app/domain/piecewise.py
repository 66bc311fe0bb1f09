"""A pickle written in pieces that share one memo: to any depth, and with members in an order of one's own.

A pickler that is used again writes what it has written before as a reference. So a model is written
bottom-up, each piece of its graph (`cuts`) before what refers to it, and the pieces, with the end of each but
the last replaced by POP, make one pickle, which any `pickle.loads` takes: reading does not recurse.
"""

import io
import pickle
from collections.abc import Iterable, Iterator
from struct import unpack_from
from typing import Any, Protocol

from models_app.domain.cuts import PROTOCOL, Cut, CutPlan, Reduction

_HEAD = pickle.PROTO + bytes([PROTOCOL])
_EMPTY: dict[type[Any], bytes] = {list: pickle.EMPTY_LIST, dict: pickle.EMPTY_DICT, set: pickle.EMPTY_SET}
# What is too large for a frame stands between two of them: its opcode, and how its size is written.
_UNFRAMED = {
    pickle.BINBYTES[0]: "<I",
    pickle.BINUNICODE[0]: "<I",
    pickle.BINBYTES8[0]: "<Q",
    pickle.BINUNICODE8[0]: "<Q",
    pickle.BYTEARRAY8[0]: "<Q",
}
_FRAME_HEADER = 9


class Pickler(Protocol):
    """The part of C's and of dill's pickler that is used here."""

    memo: Any

    def dump(self, obj: Any, /) -> None:
        """Write one pickle."""


class PlannedPickler(pickle.Pickler):
    """C's pickler, for objects of which it is known how they are made anew."""

    def __init__(self, buffer: io.BytesIO, reductions: dict[int, Reduction]) -> None:
        super().__init__(buffer, PROTOCOL)
        self._reductions = reductions

    def reducer_override(self, obj: Any) -> Any:
        """Return how `obj` is made anew."""
        return planned(self._reductions, obj)


def planned(reductions: dict[int, Reduction], value: Any) -> Any:
    """Return the reduction of `value` as picklers want it; `NotImplemented` where none is known."""
    reduction = reductions.get(id(value))
    if reduction is None:
        return NotImplemented
    if len(reduction) < 4:
        return reduction
    listed = tuple(None if items is None else iter(items) for items in reduction[3:5])
    return reduction[:3] + listed + reduction[5:]


class Stand:
    """Stands for another object while it is written."""

    __slots__ = ()


class Pieces:
    """Writes a plan with a pickler into one pickle."""

    def __init__(self, pickler: Pickler, buffer: io.BytesIO, reductions: dict[int, Reduction]) -> None:
        """`reductions` are those that the pickler asks for."""
        self.pickler = pickler
        self._buffer = buffer
        self._reductions = reductions
        self._written: list[bytes] = [_HEAD]
        # Whatever is known by its id must live on.
        self._kept: list[Any] = []

    def write(self, root: Any, plan: CutPlan, substitutes: Iterable[tuple[Any, Reduction]] = ()) -> bytes:
        """Return the pickle of `root`.

        `substitutes` are members, and how they are to be made, before anything that holds them.
        """
        for value, reduction in substitutes:
            self._substitute(value, reduction)
        if plan.containers:
            self._make_containers(plan.containers)
        # Once more, since `list` itself is a reference then.
        begins = [self._stand((list, ())) for _ in range(2)] if self._fills(plan) else [b""]
        for begin in filter(None, begins):
            self._add(begin)
        for cut in plan.cuts:
            self._write_cut(cut, begins[-1])
        self._written += [self._piece(root), pickle.STOP]
        return b"".join(self._written)

    def _substitute(self, value: Any, reduction: Reduction) -> None:
        """Write `reduction`, and from here on refer to it where `value` is met."""
        stand = Stand()
        self._reductions[id(stand)] = reduction
        self._add(self._piece(stand))
        memo = dict(self.pickler.memo.copy())
        place, _ = memo.pop(id(stand))
        memo[id(value)] = (place, value)
        self.pickler.memo = memo
        del self._reductions[id(stand)]

    @staticmethod
    def _fills(plan: CutPlan) -> bool:
        return any(cut.fills for cut in plan.cuts)

    def _write_cut(self, cut: Cut, begin: bytes) -> None:
        if cut.makes:
            self._make(cut.value)
        elif cut.fills:
            self._fill(cut.value, begin)
        else:
            self._add(self._piece(cut.value))

    def _make_containers(self, containers: list[Any]) -> None:
        memo = dict(self.pickler.memo.copy())
        for container in containers:
            memo[id(container)] = (len(memo), container)
            self._add(_EMPTY[type(container)] + pickle.MEMOIZE)
        self.pickler.memo = memo

    def _make(self, value: Any) -> None:
        whole = self._reductions[id(value)]
        self._reductions[id(value)] = whole[:2]
        self._add(self._piece(value))
        self._reductions[id(value)] = whole

    def _fill(self, value: Any, begin: bytes) -> None:
        filling = _filling(value, self._reductions)
        piece = self._stand((list, (), *filling))
        # An empty list was made to be filled: the object that is there already takes its place.
        filled = piece.removeprefix(begin)
        self._add(self._piece(value) + pickle.MEMOIZE + filled)

    def _stand(self, reduction: Reduction) -> bytes:
        stand = Stand()
        self._kept.append(stand)
        self._reductions[id(stand)] = reduction
        return self._piece(stand)

    def _piece(self, value: Any) -> bytes:
        self._buffer.seek(0)
        self._buffer.truncate()
        self.pickler.dump(value)
        return unframed(self._buffer.getvalue())

    def _add(self, piece: bytes) -> None:
        self._written += [piece, pickle.POP]


def _filling(value: Any, reductions: dict[int, Reduction]) -> Reduction:
    kind = type(value)
    if kind is list:
        return None, value
    if kind is dict:
        return None, None, list(value.items())
    if kind is set:
        return list(value), None, None, set.update
    return reductions[id(value)][2:]


def unframed(data: bytes) -> bytes:
    r"""Return a pickle of protocol 4 or 5 without its first opcode, its frames and its last opcode.

    >>> unframed(pickle.dumps([1, 2], 5))
    b']\x94(K\x01K\x02e'
    """
    return b"".join(_parts(data))[:-1]


def _parts(data: bytes) -> Iterator[bytes]:
    place = len(_HEAD)
    while place < len(data):
        opcode = data[place]
        if opcode == pickle.FRAME[0]:
            start = place + _FRAME_HEADER
            place = start + unpack_from("<Q", data, place + 1)[0]
            yield data[start:place]
        elif opcode in _UNFRAMED and len(data) - place > _FRAME_HEADER:
            width = 4 if _UNFRAMED[opcode] == "<I" else 8
            start, place = place, place + 1 + width + unpack_from(_UNFRAMED[opcode], data, place + 1)[0]
            yield data[start:place]
        else:
            # Too short for a frame.
            yield data[place:]
            return
