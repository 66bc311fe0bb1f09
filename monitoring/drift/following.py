"""Following the journal: every learn of every model is shown to its detectors, off the hot path."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q

from models_app.domain.errors import ChantillyError
from models_app.domain.scoring import Scores
from models_app.engine.repeats import Repeats
from models_app.journal.following import Tail, follow
from models_app.journal.pieces import Known, Read
from models_app.journal.positions import Place
from models_app.journal.reading import read_after
from models_app.paradigms.base import Paradigm
from models_app.services.finding import Served
from models_app.services.publishing import ModelState
from monitoring.changed import ChangedModels
from monitoring.clocks import Clock
from monitoring.drift import detectors, storing, values
from monitoring.drift.values import Values
from monitoring.drift.watches import DEFAULT_PLAN, Finding, Plan, Watch
from monitoring.models import DriftAlert

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

# Beyond this, what was scored is forgotten and read from the journal instead.
_MAX_TAIL = 500_000
# Learns of one model at a tick: after a long absence the others are not to wait.
_MAX_LEARNS = 20_000
SAVE_SECONDS = 60.0
# Learns that are quickly read again after a crash.
_SAVE_FROM = 50_000
_IDLE_SECONDS = 600.0

_Tail = dict[Place, Known[Place]]


@dataclass(slots=True)
class _Followed:
    """A model's watch; `saved_seq` is what the database has of it since `saved_at`, which nobody sets."""

    generation: int
    watch: Watch
    saved_seq: int
    saved_at: float


class Follower:
    """Shows learns to detectors, in the order of the journal, and reports what they find.

    One thread at a time ticks; `scored` is for any.
    """

    def __init__(self, *, report: Callable[[Sequence[DriftAlert]], None], clock: Clock | None = None) -> None:
        """`report` is called with new alerts, once they are durable."""
        self._report = report
        self._clock = clock or Clock()
        self._changes = ChangedModels(self._clock, storing.settled(), where=Q(seq__gt=0, is_scored=True))
        self._tail: Tail[Place] = Tail(max_learns=_MAX_TAIL)
        self._followed: dict[int, _Followed] = {}
        self._behind: set[int] = set()

    def scored(self, model: ModelState, first_seq: int, scores: Sequence[Scores]) -> None:
        """Remember what learns scored."""
        begin = Place(model.model_id, model.generation, first_seq - 1)
        n_learns = sum([some.n + len(some.unscored) for some in scores])
        self._tail.add(begin, Known(begin.at(begin.seq + n_learns), scores, n_learns, at=self._clock.now()))

    def tick(self) -> None:
        """Show the detectors what was learned since the last time; raises `StorageUnavailable`."""
        tail = self._tail.take_all()
        changed = self._changed()
        plans = storing.plans([model.pk for model in changed])
        for model in changed:
            try:
                self._follow(model, _fitting(plans.get(model.pk, DEFAULT_PLAN), model), tail)
            except ChantillyError as error:
                # The next tick begins where this one has ended.
                self._behind.add(model.pk)
                repeated.warning(str(error), "drift of '%s' is looked at later: %s", model.name, error)
        self._tidy()

    def seq_of(self, model_id: int) -> int | None:
        """Return the last learn that a model's detectors have seen; None: they have seen all there are."""
        followed = self._followed.get(model_id)
        return None if followed is None else followed.watch.seq

    def erase(self) -> None:
        """Forget everything, in the transaction that erases it."""
        storing.erase()
        self.forget()

    def forget(self) -> None:
        """Forget what is in memory: the next tick begins with what the database has."""
        self._followed.clear()
        self._behind.clear()
        self._changes.forget()

    def _changed(self) -> Sequence[Served]:
        models = self._changes.look(also=self._behind)
        self._behind.clear()
        return [model for model in models if model.is_scored]

    def _follow(self, model: Served, plan: Plan | None, tail: _Tail) -> None:
        if plan is None:
            self._followed.pop(model.pk, None)
            return
        followed = self._followed.get(model.pk)
        if followed is None or followed.generation != model.generation or followed.watch.plan != plan:
            watch = storing.load(model, plan)
            followed = _Followed(model.generation, watch, watch.seq, self._clock.monotonic())
            self._followed[model.pk] = followed
        found = list(self._see(model, followed.watch, tail))
        if found:
            self._save(model.pk, followed, found)

    def _tidy(self) -> None:
        """Write down how far the watches are; let go of those that have nothing to do."""
        for model_id, followed in list(self._followed.items()):
            n_unsaved = followed.watch.seq - followed.saved_seq
            age = self._clock.monotonic() - followed.saved_at
            if n_unsaved >= _SAVE_FROM or (n_unsaved and age >= SAVE_SECONDS):
                self._save(model_id, followed, ())
            elif not n_unsaved and age >= _IDLE_SECONDS:
                self._followed.pop(model_id, None)

    def _see(self, model: Served, watch: Watch, tail: _Tail) -> Iterator[tuple[Finding, float]]:
        """Yield what is found, with the time of the learn that revealed it."""
        n_read = 0
        for piece in _pieces(model, watch, tail):
            for numbers, at in _shown(piece, watch.plan, model.paradigm):
                for finding in watch.see(numbers):
                    yield finding, at
            if isinstance(piece, Read):
                n_read += len(piece.learns)
                if n_read >= _MAX_LEARNS:
                    self._behind.add(model.pk)
                    return

    def _save(self, model_id: int, followed: _Followed, found: Sequence[tuple[Finding, float]]) -> None:
        try:
            alerts = storing.save(model_id, followed.generation, followed.watch, found)
        except Exception:
            # What is in memory has seen what the database has not: the next tick loads it anew.
            self._followed.pop(model_id, None)
            raise
        followed.saved_seq, followed.saved_at = followed.watch.seq, self._clock.monotonic()
        if alerts:
            self._report(alerts)


def _fitting(plan: Plan | None, model: Served) -> Plan | None:
    """Return a plan that the model can be watched by: the one before it may have been of another flavor."""
    return plan if plan is None or detectors.fits(plan.detector, model.paradigm) else DEFAULT_PLAN


def _pieces(model: Served, watch: Watch, tail: _Tail) -> Iterator[Known[Place] | Read[Place]]:
    """Yield what a watch has not seen."""

    def known(after: Place) -> Known[Place] | None:
        # Scores say nothing of features.
        return tail.pop(after, None) if watch.plan.watches_errors_only else None

    def read(after: Place) -> Iterable[Read[Place]]:
        return read_after(after) if after.seq < model.seq else ()

    return follow(model.beginning.at(watch.seq), known=known, read=read)


def _shown(
    piece: Known[Place] | Read[Place], plan: Plan, paradigm: Paradigm
) -> Iterator[tuple[Values, float]]:
    """Yield the numbers of each learn, and its time."""
    if isinstance(piece, Known):
        for numbers in values.of_scores(piece.scores, paradigm):
            yield numbers, piece.at
    else:
        for learn in piece.learns:
            yield values.of_learn(learn, plan, paradigm), learn.learned_at
