"""Following the journal: what this process commits need not be read again."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic

from models_app.journal.pieces import At, Known, Read


class Tail(Generic[At]):
    """Commits of this process that a follower has not come to yet. Any thread may use it.

    Beyond `max_learns` all of it is forgotten: then it is read from the journal.
    """

    def __init__(self, *, max_learns: int) -> None:
        self._max_learns = max_learns
        self._lock = threading.Lock()
        self._pieces: dict[At, Known[At]] = {}
        self._n_learns = 0

    @property
    def n_learns(self) -> int:
        """The number of learns that are known."""
        return self._n_learns

    def add(self, after: At, piece: Known[At]) -> None:
        """Remember a piece by the place that it comes after."""
        with self._lock:
            if self._n_learns > self._max_learns:
                self._forget_all()
            self._pieces[after] = piece
            self._n_learns += piece.n_learns

    def take(self, after: At) -> Known[At] | None:
        """Take the piece that comes next after a place; None: it is not known."""
        with self._lock:
            piece = self._pieces.pop(after, None)
            if piece is not None:
                self._n_learns -= piece.n_learns
            return piece

    def take_all(self) -> dict[At, Known[At]]:
        """Take all pieces, each by the place that it comes after."""
        with self._lock:
            taken = self._pieces
            self._forget_all()
            return taken

    def forget(self, is_past: Callable[[At], bool]) -> None:
        """Forget the pieces that come after such places."""
        with self._lock:
            for after in [after for after in self._pieces if is_past(after)]:
                self._n_learns -= self._pieces.pop(after).n_learns

    def _forget_all(self) -> None:
        self._pieces = {}
        self._n_learns = 0


def follow(
    after: At, *, known: Callable[[At], Known[At] | None], read: Callable[[At], Iterable[Read[At]]]
) -> Iterator[Known[At] | Read[At]]:
    """Yield what follows a place, in order, piece by piece, until there is no more.

    It is taken from what is `known` as far as that goes, and else `read`.
    """
    while True:
        while (piece := known(after)) is not None:
            after = piece.ends_at
            yield piece
        begun_at = after
        for read_piece in read(after):
            after = read_piece.ends_at
            yield read_piece
        if after == begun_at:
            return
