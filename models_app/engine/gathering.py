"""Waiting a moment for those who are about to come, so that they share a commit."""

import threading

# As long as a commit takes that would be needed otherwise; nobody is delayed by more.
_SECONDS = 0.000_3


class Gathering:
    """Who is expected, and a wait for them that is short.

    Clients that wait for an answer before they ask again ask at the same moment once they were answered
    together. Left alone they fall into two crowds, each of which asks while the other is served, with twice
    as many commits.

    All but `wait` is for who holds the lock of what is gathered. Times are on the clock of
    `time.perf_counter`.
    """

    __slots__ = ("_are_there", "_is_awaited", "_n_expected", "_since")

    def __init__(self) -> None:
        self._n_expected = 0
        self._since = 0.0
        self._is_awaited = False
        self._are_there = threading.Lock()
        self._are_there.acquire()

    def expect(self, n: int, now: float) -> None:
        """Expect `n` from now on; 0: nobody."""
        self._n_expected = n
        self._since = now

    def begin(self, n_present: int, now: float) -> bool:
        """Say whether to wait: some of those who are expected are missing, and may still come."""
        self._is_awaited = n_present < self._n_expected and now - self._since < _SECONDS
        return self._is_awaited

    def arrived(self, n_present: int) -> None:
        """Note that somebody came."""
        if self._is_awaited and n_present >= self._n_expected:
            self._is_awaited = False
            self._are_there.release()

    def wait(self) -> None:
        """Wait until all are there, or it takes too long."""
        self._are_there.acquire(timeout=_SECONDS)

    def end(self) -> None:
        """Go on with whoever is there."""
        if self._is_awaited:
            self._is_awaited = False
        else:
            # They came just when the wait was over.
            self._are_there.acquire(blocking=False)
