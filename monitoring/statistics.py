"""Statistics of calls: how often predict and learn are called, and how long a call takes.

A call only leaves its duration behind; a thread folds the durations into River's statistics, and writes those
down when they have changed, so that they outlive the process. What other processes of the same database have
written meanwhile is added, not overwritten.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TypedDict

from django.db import connections, transaction
from django.utils import timezone
from river import stats

from models_app.domain.errors import StorageUnavailable
from models_app.engine.repeats import Repeats
from models_app.models.transactions import translated_errors, write_transaction
from monitoring.durations import humanize
from monitoring.models import CallStatistics

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

ROUTES = ("predict", "learn")
FADING_FACTOR = 0.3
FOLD_SECONDS = 1.0
SAVE_SECONDS = 10.0
# Between two saves of a server that is stopping.
ENDING_SECONDS = 0.1


class RouteReport(TypedDict):
    """The statistics of one route at `/api/stats`; durations are in nanoseconds."""

    n_calls: int
    mean_duration: int
    mean_duration_human: str
    ewm_duration: int
    ewm_duration_human: str


@dataclass(slots=True)
class RouteStatistics:
    """The durations of one route's calls, in nanoseconds, folded."""

    mean: stats.Mean = field(default_factory=stats.Mean)
    ewm: stats.EWMean = field(default_factory=lambda: stats.EWMean(FADING_FACTOR))

    @classmethod
    def of(cls, *, n_calls: int, mean_ns: float, ewm_ns: float) -> "RouteStatistics":
        """Return what has these values, and goes on exactly as the one that they were read from."""
        statistics = cls()
        if n_calls:
            statistics.mean.update(mean_ns, w=float(n_calls))
            statistics.ewm.update(ewm_ns)
        return statistics

    def update(self, duration_ns: int) -> None:
        """Fold one call."""
        self.mean.update(duration_ns)
        self.ewm.update(duration_ns)

    def with_calls_of_others(self, before: CallStatistics, after: CallStatistics) -> "RouteStatistics":
        """Return what has the calls, too, by which what is stored has changed.

        The moving average stays: it has no order of calls of several processes.
        """
        n_calls = int(self.mean.n) + after.n_calls - before.n_calls
        total_ns = self.mean.n * self.mean.get() + _total_ns(after) - _total_ns(before)
        if n_calls <= 0:
            return _statistics(after)
        return RouteStatistics.of(n_calls=n_calls, mean_ns=total_ns / n_calls, ewm_ns=self.ewm.get())

    def report(self) -> RouteReport:
        """Return the values, durations rounded to whole nanoseconds."""
        mean_ns, ewm_ns = round(self.mean.get()), round(self.ewm.get())
        return RouteReport(
            n_calls=int(self.mean.n),
            mean_duration=mean_ns,
            mean_duration_human=humanize(mean_ns),
            ewm_duration=ewm_ns,
            ewm_duration_human=humanize(ewm_ns),
        )


@dataclass(slots=True)
class CallTotal:
    """The calls of one route since the process began: whole numbers, which only ever grow."""

    n_calls: int = 0
    duration_ns: int = 0


class CallRecorder:
    """Records calls; `record` is for the hot path, everything else may wait for the database."""

    def __init__(self, *, fold_seconds: float = FOLD_SECONDS, save_seconds: float = SAVE_SECONDS) -> None:
        self._fold_seconds = fold_seconds
        self._save_seconds = save_seconds
        self._waiting: deque[tuple[str, int]] = deque()
        self._by_route: dict[str, RouteStatistics] = {}
        self._totals = {route: CallTotal() for route in ROUTES}
        # As the database had them when it was last asked.
        self._stored: dict[str, CallStatistics] | None = None
        self._is_changed = False
        # Counts the erasures: what was read before one must not be written after it.
        self._generation = 0
        self._lock = threading.Lock()
        self._is_ending = threading.Event()
        self._thread: threading.Thread | None = None

    def record(self, route: str, duration_ns: int) -> None:
        """Note a call of `predict` or `learn` that took this many nanoseconds. No lock, no database."""
        self._waiting.append((route, duration_ns))
        if self._thread is None:
            self._start()

    def report(self) -> dict[str, RouteReport]:
        """Return the statistics of every route, the newest calls included.

        Raises StorageUnavailable: the database may have to be read.
        """
        with self._lock, translated_errors():
            self._fold()
            return {route: self._by_route[route].report() for route in ROUTES}

    def totals(self) -> dict[str, CallTotal]:
        """Return what this process has answered, whatever was erased meanwhile; for counters.

        Raises StorageUnavailable: the newest calls are folded.
        """
        with self._lock, translated_errors():
            self._fold()
            return {route: replace(total) for route, total in self._totals.items()}

    def save(self) -> None:
        """Write the statistics down, if they have changed; raises StorageUnavailable."""
        with self._lock, translated_errors():
            self._fold()
            if not self._is_changed:
                return
            self._is_changed = False
            generation = self._generation
        is_written = False
        try:
            is_written = self._write(generation=generation)
        finally:
            # Tried again at the next turn.
            self._is_changed |= not is_written

    def erase(self) -> None:
        """Forget everything, if and when the transaction that this is called in commits."""
        # Whatever `save` has read by now is obsolete; it waits for this transaction before it looks.
        self._generation += 1
        CallStatistics.objects.all().delete()
        transaction.on_commit(self._reset)

    def save_at_once(self) -> None:
        """Save, and from now on every turn: the process is about to end, with calls still under way."""
        self._is_ending.set()
        self.save()

    def _reset(self) -> None:
        with self._lock:
            for _ in self._taken():
                # Counted, and forgotten by all else.
                pass
            self._by_route = {route: RouteStatistics() for route in ROUTES}
            self._stored = {}
            self._is_changed = False

    def _fold_waiting(self) -> None:
        with self._lock, translated_errors():
            self._fold()

    def _fold(self) -> None:
        self._catch_up(_stored())
        for route, duration_ns in self._taken():
            self._by_route[route].update(duration_ns)
            self._is_changed = True

    def _catch_up(self, stored: dict[str, CallStatistics]) -> None:
        """Take over what others have written since the last time."""
        before, self._stored = self._stored, stored
        if before is None or (before and not stored):
            # The second: a command that ran beside the server has erased everything.
            self._by_route = {route: _statistics(stored.get(route)) for route in ROUTES}
            return
        for route, after in stored.items():
            was = before.get(route) or CallStatistics(route=route, n_calls=0, mean_ns=0.0)
            if (was.n_calls, was.mean_ns) != (after.n_calls, after.mean_ns):
                self._by_route[route] = self._by_route[route].with_calls_of_others(was, after)

    def _taken(self) -> Iterator[tuple[str, int]]:
        while self._waiting:
            route, duration_ns = self._waiting.popleft()
            self._totals[route].n_calls += 1
            self._totals[route].duration_ns += duration_ns
            yield route, duration_ns

    def _write(self, *, generation: int) -> bool:
        with ExitStack() as until_written:
            with write_transaction():
                if generation != self._generation:
                    return False
                # Only now, since others are not to wait for the database's turn; and until it is known here
                # what the database has, or it would be taken for calls of others.
                until_written.enter_context(self._lock)
                self._catch_up(_stored())
                rows = [_row(route, statistics) for route, statistics in self._by_route.items()]
                CallStatistics.objects.bulk_create(
                    rows,
                    update_conflicts=True,
                    unique_fields=["route"],
                    update_fields=["n_calls", "mean_ns", "ewm_ns", "updated_at"],
                )
            self._stored = {row.route: row for row in rows}
        return True

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="call-statistics", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        saved_at = time.monotonic()
        try:
            while self._has_work():
                is_ending = self._is_ending.wait(self._fold_seconds)
                if is_ending:
                    time.sleep(ENDING_SECONDS)
                if is_ending or time.monotonic() - saved_at >= self._save_seconds:
                    self._attempt(self.save)
                    saved_at = time.monotonic()
                else:
                    self._attempt(self._fold_waiting)
        finally:
            # The connection belongs to this thread; nobody would close it.
            connections.close_all()

    def _has_work(self) -> bool:
        # Cleared before looking: a call that comes in between starts another thread.
        self._thread = None
        if not self._waiting and not self._is_changed:
            return False
        self._thread = threading.current_thread()
        return True

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except StorageUnavailable as error:
            repeated.warning(
                str(error), "The call statistics could not be read or saved; they wait: %s", error
            )


def _stored() -> dict[str, CallStatistics]:
    return {row.route: row for row in CallStatistics.objects.all()}


def _total_ns(row: CallStatistics) -> float:
    return row.n_calls * row.mean_ns


def _statistics(row: CallStatistics | None) -> RouteStatistics:
    if row is None:
        return RouteStatistics()
    return RouteStatistics.of(n_calls=row.n_calls, mean_ns=row.mean_ns, ewm_ns=row.ewm_ns)


def _row(route: str, statistics: RouteStatistics) -> CallStatistics:
    return CallStatistics(
        route=route,
        n_calls=int(statistics.mean.n),
        mean_ns=statistics.mean.get(),
        ewm_ns=statistics.ewm.get(),
        updated_at=timezone.now(),
    )


#: The recorder of this process.
recorder = CallRecorder()
