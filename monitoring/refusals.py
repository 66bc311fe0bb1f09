"""Counts of the calls of predict and learn that this process has refused, by route and status."""

import threading
from collections import Counter


class Refusals:
    """Counts refusals, from any thread.

    >>> refusals = Refusals()
    >>> refusals.record("learn", 400)
    >>> refusals.counts()
    {('learn', 400): 1}
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int]] = Counter()

    def record(self, route: str, status: int) -> None:
        """Count one refusal."""
        with self._lock:
            self._counts[route, status] += 1

    def counts(self) -> dict[tuple[str, int], int]:
        """Return the numbers by route and HTTP status."""
        with self._lock:
            return dict(self._counts)


#: Those of this process.
refusals = Refusals()
