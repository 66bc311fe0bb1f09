"""Sampling: the metrics of every model that learns, every few seconds."""

import logging
import math
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import F, Max, OuterRef, QuerySet

from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import measuring
from models_app.services.configuring import get_epoch
from models_app.services.finding import Served, find_generation, still_served
from models_app.services.inspecting import Vitals
from models_app.services.snapshotting import newest_snapshot
from monitoring.changed import ChangedModels
from monitoring.clocks import CautiousClock, Clock
from monitoring.history.levels import LEVELS, level_of
from monitoring.history.tallies import Tallies
from monitoring.models import MetricSnapshot

logger = logging.getLogger(__name__)

#: From one sample of a model that learns to the next, at most.
SECONDS = 10.0
#: So many learns after a sample there is another as soon as `LEAST_SECONDS` have passed.
LEARNS = 1_000
LEAST_SECONDS = 2.0
#: The first samples of a generation come at every tick: the first curve is drawn at once.
FIRST = 60
# Of a thousand models that begin together, so many have theirs so quickly, in a tick.
_FIRST_AT_A_TIME = 50
_THIN_SECONDS = 60.0
# A clock that was set back by less has not been set back.
_SET_BACK_SECONDS = 1.0
# Rows of one transaction: the models' commits wait for it.
_ROWS_AT_A_TIME = 100
# Models whose last sample is known without asking.
_MAX_PLACES = 20_000


# A model's primary key, or a flavor: all its models together.
_Subject = int | str


@dataclass(frozen=True, slots=True)
class _Place:
    """The state of a model, or of a flavor's, when it was sampled: at `time`, in seconds since the epoch.

    `monotonic` is the same on the clock that nobody sets, `n` how many samples of the generation there were.
    """

    generation: int
    seq: int
    time: float
    monotonic: float
    n: int


@dataclass(frozen=True, slots=True)
class _Figures:
    """The figures of a sample."""

    seq: int
    values: dict[str, float | None]
    rolling: dict[str, float | None]


class Sampler:
    """Samples models whose learns have moved on; one thread at a time calls it.

    A hot model answers when its turn comes, and is written down at the next tick: a slow one holds up
    nobody. Of one that is not hot, its newest snapshot says it.
    """

    def __init__(self, *, ask: Callable[[str], Future[Any] | None], clock: Clock | None = None) -> None:
        """`ask` asks a hot model for its `Vitals`; None: it is not hot."""
        self._ask = ask
        self._clock = clock or Clock()
        self._cautious = CautiousClock(self._clock)
        self._changes = ChangedModels(self._clock, _samples_of_now())
        self._tallies = Tallies()
        # Of the time of day over the other clock; before the first look nobody knows what it was.
        self._offset = math.inf
        self._places: dict[_Subject, _Place] = {}
        self._asked: set[int] = set()
        self._answers: deque[tuple[Served, Future[Any]]] = deque()
        self._thinned_at = -math.inf
        self._n_first = 0

    def tick(self) -> None:
        """Write down what was answered, ask who has learned, thin what is old.

        Raises `StorageUnavailable`.
        """
        self._notice_set_back()
        self._n_first = 0
        with translated_errors():
            epoch = get_epoch()
            rows = list(self._answered())
            changed = self._changes.look()
            for model in changed:
                if model.pk not in self._asked and self._is_due(model.pk, model.generation, model.seq):
                    rows += self._sampled(model)
            rows += self._sampled_flavors([model.pk for model in changed])
        self._write(rows, epoch)
        self._let_go()
        if self._clock.monotonic() - self._thinned_at >= _THIN_SECONDS:
            self._thinned_at = self._clock.monotonic()
            thin(now=self._cautious.moment())

    def erase(self) -> None:
        """Forget everything, in the transaction that erases it."""
        MetricSnapshot.objects.all().delete()
        self._places.clear()
        self._tallies = Tallies()
        self._changes.forget()

    def _notice_set_back(self) -> None:
        """Let no sample be of the future where the clock was set back, here or before the start."""
        offset = self._clock.now() - self._clock.monotonic()
        if offset < self._offset - _SET_BACK_SECONDS:
            bring_back(now=self._clock.moment())
            now = self._clock.now()
            for pk, place in self._places.items():
                self._places[pk] = replace(place, time=min(place.time, now))
        self._offset = offset

    def _is_due(self, subject: _Subject, generation: int, seq: int) -> bool:
        place = self._place(subject)
        if place is None or place.generation != generation:
            return True
        if seq == place.seq:
            return False
        seconds = self._clock.monotonic() - place.monotonic
        if seconds >= SECONDS or (abs(seq - place.seq) >= LEARNS and seconds >= LEAST_SECONDS):
            return True
        return self._is_among_first(place)

    def _is_among_first(self, place: _Place) -> bool:
        if place.n >= FIRST or self._n_first >= _FIRST_AT_A_TIME:
            return False
        self._n_first += 1
        return True

    def _place(self, subject: _Subject) -> _Place | None:
        if subject not in self._places:
            last = MetricSnapshot.objects.filter(**_of(subject)).order_by("-time", "-pk").first()
            if last is None:
                return None
            time = last.time.timestamp()
            age = max(0.0, self._clock.now() - time)
            same = MetricSnapshot.objects.filter(**_of(subject), generation=last.generation)[:FIRST].count()
            monotonic = self._clock.monotonic() - age
            self._places[subject] = _Place(last.generation, last.seq, time, monotonic, same)
        return self._places[subject]

    def _sampled(self, model: Served) -> Iterator[MetricSnapshot]:
        future = self._ask(model.name)
        if future is not None:
            self._asked.add(model.pk)
            future.add_done_callback(partial(self._note, model))
            return
        newest = newest_snapshot(model)
        if newest is not None and self._is_due(model.pk, model.generation, newest.seq):
            yield self._row(model, _Figures(newest.seq, newest.metrics, {}))

    def _note(self, model: Served, future: "Future[Any]") -> None:
        """Take an answer; in the engine thread that gives it."""
        self._answers.append((model, future))

    def _answered(self) -> Iterator[MetricSnapshot]:
        while self._answers:
            model, future = self._answers.popleft()
            self._asked.discard(model.pk)
            if future.cancelled() or future.exception() is not None:
                # Deleted meanwhile, or not to be loaded: its last sample stands.
                continue
            vitals: Vitals = future.result()
            now = find_generation(model.pk, model.generation)
            if now is not None and self._is_due(now.pk, now.generation, vitals.seq):
                yield self._row(now, _Figures(vitals.seq, vitals.metrics, vitals.rolling_if_any()))

    def _sampled_flavors(self, changed: Collection[int]) -> Iterator[MetricSnapshot]:
        for flavor, totals in self._tallies.look(changed).items():
            if self._is_due(flavor, 0, totals.n_learns):
                figures = _Figures(totals.n_learns, measuring.instance_metrics(flavor), {})
                yield self._new_row(flavor, 0, totals.n_predictions, figures)

    def _row(self, model: Served, figures: _Figures) -> MetricSnapshot:
        return self._new_row(model.pk, model.generation, model.n_predictions, figures)

    def _new_row(
        self, subject: _Subject, generation: int, n_predictions: int, figures: _Figures
    ) -> MetricSnapshot:
        now, place = self._clock.now(), self._place(subject)
        # The first of a generation stays: charts begin with it.
        if place is None or place.generation != generation:
            previous, n = None, 0
        else:
            previous, n = place.time, place.n
        # Last in order: those that are sampled are let go of last.
        self._places.pop(subject, None)
        self._places[subject] = _Place(generation, figures.seq, now, self._clock.monotonic(), n + 1)
        return MetricSnapshot(
            **_of(subject),
            generation=generation,
            seq=figures.seq,
            time=datetime.fromtimestamp(now, UTC),
            n_predictions=n_predictions,
            values=figures.values,
            rolling=figures.rolling,
            level=level_of(now, previous),
        )

    def _let_go(self) -> None:
        """Forget where models were that were sampled long ago: their last samples say it."""
        while len(self._places) > _MAX_PLACES:
            self._places.pop(next(iter(self._places)))

    def _write(self, rows: Sequence[MetricSnapshot], epoch: uuid.UUID | None) -> None:
        for start in range(0, len(rows), _ROWS_AT_A_TIME):
            some = rows[start : start + _ROWS_AT_A_TIME]
            with write_transaction():
                if get_epoch() != epoch:
                    # Everything was erased since the look.
                    return
                served = still_served({row.model_id for row in some if row.model_id is not None})
                # One that was deleted since has no history any more.
                kept = [row for row in some if row.model_id in served or row.model_id is None]
                MetricSnapshot.objects.bulk_create(kept, ignore_conflicts=True)


def _samples_of_now() -> QuerySet[MetricSnapshot]:
    """Return the samples that say of a model, in a query about models, how it is now."""
    return MetricSnapshot.objects.filter(
        model_id=OuterRef("pk"), generation=OuterRef("generation"), seq=OuterRef("seq")
    )


def _of(subject: _Subject) -> dict[str, Any]:
    """Return the columns that say what a row is a sample of."""
    if isinstance(subject, str):
        return {"model_id": None, "flavor": subject}
    return {"model_id": subject}


def thin(*, now: datetime) -> None:
    """Delete what is older than its level keeps it; raises `StorageUnavailable`."""
    for level, kept in enumerate(LEVELS):
        if kept.kept_seconds is None:
            continue
        old = MetricSnapshot.objects.filter(level=level, time__lt=now - timedelta(seconds=kept.kept_seconds))
        while pks := list(old.order_by("time").values_list("pk", flat=True)[:_ROWS_AT_A_TIME]):
            with write_transaction():
                MetricSnapshot.objects.filter(pk__in=pks).delete()


def bring_back(*, now: datetime) -> None:
    """Move samples of the future back, so that the newest is of now.

    They were taken by a clock that was ahead. How far apart they are stays. Raises `StorageUnavailable`.
    """
    with translated_errors():
        by_level = MetricSnapshot.objects.order_by()
        # The index on times begins with the level.
        newest = [
            by_level.filter(level=level).aggregate(newest=Max("time"))["newest"]
            for level in range(len(LEVELS))
        ]
    ahead = max((time for time in newest if time is not None), default=now) - now
    if ahead > timedelta(seconds=_SET_BACK_SECONDS):
        with write_transaction():
            MetricSnapshot.objects.filter(time__gt=now).update(time=F("time") - ahead)
