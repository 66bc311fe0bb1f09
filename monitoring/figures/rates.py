"""How many predictions and learns a model does a second, over the last minute."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from models_app.models import ServedModel
from models_app.models.transactions import translated_errors

#: A rate is that of the last so many seconds.
WINDOW_SECONDS = 60.0
# From one look at a model that does something to the next, at least.
_STEP_SECONDS = 5.0
# Clocks of processes on several machines may differ by that much.
_SLACK = timedelta(minutes=1)
# A rate over less than that would be a guess.
_LEAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Per second."""

    predictions: float
    learns: float


@dataclass(frozen=True, slots=True)
class _Count:
    """What a model had done by a time, in seconds since the epoch."""

    time: float
    generation: int
    n_predictions: int
    n_learns: int


class Rates:
    """Remembers what each model had done a minute ago, from the counts in the database.

    So it holds for all processes, and for what was done before a restart. Of a model that does something
    thirteen counts are kept, of one that does nothing a single one. One thread at a time ticks; any may ask.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since the epoch."""
        self._now = now
        self._lock = threading.Lock()
        self._counts: dict[int, deque[_Count]] = {}
        self._looked_at: datetime | None = None
        self._looked_at_all_at = 0.0

    def tick(self) -> None:
        """Look at the counts; raises `StorageUnavailable`."""
        now = self._now()
        looks_at_all = now - self._looked_at_all_at >= WINDOW_SECONDS
        with translated_errors():
            models = list(ServedModel.objects.all() if looks_at_all else self._changed())
        self._looked_at = datetime.fromtimestamp(now, UTC)
        with self._lock:
            if looks_at_all:
                self._looked_at_all_at = now
                self._keep({model.pk for model in models})
            for model in models:
                self._note(model, now)

    def of(self, model: ServedModel) -> Rate:
        """Return what a model does a second, given as its row is now."""
        now = self._now()
        with self._lock:
            base = self._base(model, now)
        # What came after a count that is older than the window came within it: it would have been counted.
        seconds = min(max(now - base.time, _LEAST_SECONDS), WINDOW_SECONDS)
        return Rate(
            predictions=max(0, model.n_predictions - base.n_predictions) / seconds,
            learns=max(0, model.seq - base.n_learns) / seconds,
        )

    def erase(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts.clear()
            self._looked_at_all_at = 0.0

    def _changed(self) -> Iterable[ServedModel]:
        since = (self._looked_at or datetime.fromtimestamp(0, UTC)) - _SLACK
        return ServedModel.objects.filter(
            Q(last_predicted_at__gte=since) | Q(last_learned_at__gte=since) | Q(uploaded_at__gte=since)
        )

    def _keep(self, pks: set[int]) -> None:
        for pk in self._counts.keys() - pks:
            del self._counts[pk]

    def _note(self, model: ServedModel, now: float) -> None:
        counts = self._counts.setdefault(model.pk, deque())
        if counts and counts[-1].generation != model.generation:
            counts.clear()
        if not counts:
            counts.append(_beginning(model, now))
        if now - counts[-1].time >= _STEP_SECONDS:
            counts.append(_count(model, now))
        while len(counts) > 1 and counts[1].time <= now - WINDOW_SECONDS:
            counts.popleft()

    def _base(self, model: ServedModel, now: float) -> _Count:
        counts = [count for count in self._counts.get(model.pk, ()) if count.generation == model.generation]
        if not counts:
            return _beginning(model, now)
        old = [count for count in counts if count.time <= now - WINDOW_SECONDS]
        return old[-1] if old else counts[0]


def _beginning(model: ServedModel, now: float) -> _Count:
    """Return where a model is first seen: at its upload, where that was a moment ago."""
    uploaded_at = model.uploaded_at.timestamp()
    if now - uploaded_at < WINDOW_SECONDS:
        return _Count(uploaded_at, model.generation, 0, 0)
    return _count(model, now)


def _count(model: ServedModel, now: float) -> _Count:
    return _Count(now, model.generation, model.n_predictions, model.seq)


#: Those of this process.
rates = Rates()
