"""Waiting a moment for those who are about to come, so that they share a commit."""

import threading

from river import stats

# Who is expected has come twice as late as a commit takes, or does not come: measured with 8 and 32 clients.
_COMMITS = 2
# Nobody is delayed by more, however slow the disk.
_MAX_SECONDS = 0.002


class Patience:
    """The time to wait: in proportion to what a commit takes, since a wait that succeeds saves one."""

    def __init__(self) -> None:
        self._commit_seconds = stats.EWMean(0.1)
        self.seconds = 0.0

    def committed(self, seconds: float) -> None:
        """Note how long a commit took."""
        self._commit_seconds.update(seconds)
        self.seconds = min(_COMMITS * self._commit_seconds.get(), _MAX_SECONDS)


class Gathering:
    """The commands expected soon, and a short wait for them.

    Clients that wait for an answer before they ask again ask at the same moment once they were answered
    together. Left alone they fall into two crowds, each of which asks while the other is served, with twice
    as many commits.

    `n_expected` are expected; `is_awaited`: somebody waits for them now. All but `wait` is for who holds the
    lock of what is gathered. Times are on the clock of `time.perf_counter`.
    """

    __slots__ = ("_are_there", "_seconds", "_since", "is_awaited", "n_expected")

    def __init__(self) -> None:
        self.n_expected = 0
        self._since = 0.0
        self._seconds = 0.0
        self.is_awaited = False
        self._are_there = threading.Lock()
        self._are_there.acquire()

    def expect(self, n: int, now: float, patience: float) -> None:
        """Expect `n` within `patience` seconds from now on; 0: nobody."""
        self.n_expected = n
        self._since = now
        self._seconds = patience

    def begin(self, n_present: int, now: float) -> bool:
        """Say whether to wait: some of those who are expected are missing, and may still come."""
        self.is_awaited = n_present < self.n_expected and now - self._since < self._seconds
        return self.is_awaited

    def arrived(self, n_present: int) -> None:
        """Note that somebody came."""
        if self.is_awaited and n_present >= self.n_expected:
            self.is_awaited = False
            self._are_there.release()

    def wait(self) -> None:
        """Wait until all are there, or it takes too long."""
        self._are_there.acquire(timeout=self._seconds)

    def end(self) -> None:
        """Go on with whoever is there."""
        if self.is_awaited:
            self.is_awaited = False
        else:
            # They came just when the wait was over.
            self._are_there.acquire(blocking=False)
