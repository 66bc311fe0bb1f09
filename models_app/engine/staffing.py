"""The number of threads that it takes."""

# So long nothing has been taken up while something waits: then there are too few. Models that compute all the
# time end several turns meanwhile.
_STALL_SECONDS = 0.1
# So long some of the surplus has rested: then there are too many.
_REST_SECONDS = 10.0


class Staffing:
    """Decides on threads by what is seen now and then."""

    def __init__(self) -> None:
        self._n_begun = -1
        self._stalled_at = 0.0
        self._rested_at: float | None = None

    def change(self, now: float, *, n_waiting: int, n_begun: int, n_resting: int, n_surplus: int) -> int:
        """Return how many threads more there have to be, or, below 0, how many less.

        `n_waiting` are the queues that wait while nobody is free, `n_begun` how many have been taken up in
        all, `n_surplus` the threads beyond those that there always are; below 0, so many are missing.

        >>> staffing = Staffing()
        >>> [staffing.change(at, n_waiting=3, n_begun=8, n_resting=0, n_surplus=0) for at in (0.0, 0.05, 0.2)]
        [0, 0, 3]
        >>> [staffing.change(at, n_waiting=0, n_begun=9, n_resting=9, n_surplus=3) for at in (1.0, 12.0)]
        [0, -3]
        >>> staffing.change(13.0, n_waiting=0, n_begun=9, n_resting=2, n_surplus=-1)
        1
        """
        if n_surplus < 0:
            return -n_surplus
        if n_waiting:
            self._rested_at = None
            return self._missing(now, n_waiting, n_begun)
        self._n_begun = -1
        return -self._too_many(now, min(n_resting - 1, n_surplus))

    def _missing(self, now: float, n_waiting: int, n_begun: int) -> int:
        if n_begun != self._n_begun:
            self._n_begun = n_begun
            self._stalled_at = now
            return 0
        if now - self._stalled_at < _STALL_SECONDS:
            return 0
        self._stalled_at = now
        return n_waiting

    def _too_many(self, now: float, n: int) -> int:
        if n <= 0:
            self._rested_at = None
            return 0
        if self._rested_at is None:
            self._rested_at = now
        if now - self._rested_at < _REST_SECONDS:
            return 0
        self._rested_at = None
        return n
