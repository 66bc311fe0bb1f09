"""Rates: a model's predictions and learns per second, over the last minute."""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from models_app.services.finding import Served, find_last_used, find_used
from monitoring.clocks import Clock, LastLook

#: A rate is that of the last so many seconds.
WINDOW_SECONDS = 60.0
# From one look at a model that does something to the next, at least.
_STEP_SECONDS = 5.0
# A rate over less than that would be a guess.
_LEAST_SECONDS = 1.0
# Models whose counts are kept while they do nothing.
_MAX_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Per second."""

    predictions: float
    learns: float


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts of a model since its upload, by a time on the monotonic clock.

    Learns that a rollback has undone are counted: they were done all the same.
    """

    time: float
    uploaded_at: datetime
    n_predictions: int
    n_learns: int


class Rates:
    """Remembers what each model had done a minute ago, from the counts in the database.

    So it holds for all processes, and for what was done before a restart. Of a model that does something
    thirteen counts are kept, of one that does nothing a single one, as long as it is among the 10,000 that
    were used last: any other has a rate from its second look on. One thread at a time ticks; any may ask.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._last_look = LastLook(self._clock)
        self._lock = threading.Lock()
        self._counts: dict[int, deque[_Count]] = {}
        self._looked_at_all_at: float | None = None

    def tick(self) -> None:
        """Look at the counts; raises `StorageUnavailable`."""
        now, last = self._clock.monotonic(), self._looked_at_all_at
        since = self._last_look.again()
        looks_at_all = since is None or last is None or now - last >= WINDOW_SECONDS
        models = find_last_used(_MAX_KEPT) if since is None or looks_at_all else find_used(since)
        with self._lock:
            if looks_at_all:
                self._looked_at_all_at = now
                self._keep({model.pk for model in models})
            for model in models:
                self._note(model, now)

    def of(self, model: Served) -> Rate:
        """Return what a model does a second, given as its row is now."""
        now = self._clock.monotonic()
        with self._lock:
            base = self._base(model, now)
        # What came after a count that is older than the window came within it: it would have been counted.
        seconds = min(max(now - base.time, _LEAST_SECONDS), WINDOW_SECONDS)
        return Rate(
            predictions=max(0, model.n_predictions - base.n_predictions) / seconds,
            learns=max(0, model.n_learns - base.n_learns) / seconds,
        )

    def erase(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts.clear()
            self._looked_at_all_at = None

    def _keep(self, pks: set[int]) -> None:
        for pk in self._counts.keys() - pks:
            del self._counts[pk]

    def _note(self, model: Served, now: float) -> None:
        counts = self._counts.setdefault(model.pk, deque())
        if counts and counts[-1].uploaded_at != model.uploaded_at:
            counts.clear()
        if not counts:
            counts.append(self._beginning(model, now))
        if now - counts[-1].time >= _STEP_SECONDS:
            counts.append(_count(model, now))
        while len(counts) > 1 and counts[1].time <= now - WINDOW_SECONDS:
            counts.popleft()

    def _base(self, model: Served, now: float) -> _Count:
        known = self._counts.get(model.pk, ())
        counts = [count for count in known if count.uploaded_at == model.uploaded_at]
        if not counts:
            return self._beginning(model, now)
        old = [count for count in counts if count.time <= now - WINDOW_SECONDS]
        return old[-1] if old else counts[0]

    def _beginning(self, model: Served, now: float) -> _Count:
        """Return where a model is first seen: at its upload, where that was a moment ago.

        One that was uploaded in the future has been there for who knows how long.
        """
        age = self._clock.now() - model.uploaded_at.timestamp()
        if 0 <= age < WINDOW_SECONDS:
            return _Count(now - age, model.uploaded_at, 0, 0)
        return _count(model, now)


def _count(model: Served, now: float) -> _Count:
    return _Count(now, model.uploaded_at, model.n_predictions, model.n_learns)


#: Those of this process.
rates = Rates()
