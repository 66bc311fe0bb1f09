"""Following what models are asked with: from the journal and from what is pending, off the hot path."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from models_app.domain.errors import ChantillyError
from models_app.domain.seen_features import SETTLED
from models_app.engine.repeats import Repeats
from models_app.services.contracts import seeing
from models_app.services.contracts.seeing import Found, Progress
from models_app.services.contracts.standing import standing
from models_app.services.finding import Served, find_used
from monitoring.changed import Sweep
from monitoring.clocks import Clock, LastLook
from monitoring.contracts import storing
from monitoring.models import DriftAlert

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

# Models that are looked at in a tick, and what that may take, in seconds: others compute meanwhile.
_MODELS_AT_A_TIME = 200
_MAX_SECONDS = 0.06
_SAVE_SECONDS = 60.0
_IDLE_SECONDS = 600.0


@dataclass(slots=True)
class _Followed:
    """A model whose features are seen; `saved_n` records of these, and so on, are in the database."""

    progress: Progress
    saved_n: int
    saved_breaches: int
    saved_at: float

    @property
    def n_unsaved(self) -> int:
        """The number of records that were seen since it was saved."""
        return self.progress.seen.n - self.saved_n

    @property
    def is_due(self) -> bool:
        """Say whether there is something that is not to wait: another contract, or a fault."""
        seen = self.progress.seen
        has_settled = seen.stands and self.saved_n < SETTLED
        return has_settled or seen.n_breaches != self.saved_breaches


class Follower:
    """Sees what models were asked with since the last look; reports what is not as their contract has it.

    One thread at a time calls it.
    """

    def __init__(
        self,
        *,
        report: Callable[[Sequence[DriftAlert]], None],
        contract_changed: Callable[[int], None] = lambda _model_id: None,
        clock: Clock | None = None,
    ) -> None:
        """`report` is called with new alerts, once they are durable.

        `contract_changed` is called with the primary key of a model that is held to another contract now.
        """
        self._report = report
        self._contract_changed = contract_changed
        self._clock = clock or Clock()
        self._last_look = LastLook(self._clock)
        self._sweep = Sweep(seeing.settled(), Q(seq__gt=0) | Q(last_predicted_at__isnull=False))
        self._followed: dict[int, _Followed] = {}
        # In the order in which they are to be looked at.
        self._waiting: dict[int, None] = {}

    def tick(self) -> None:
        """See what has come since the last time; raises `StorageUnavailable`."""
        started = self._clock.monotonic()
        models = self._next_models()
        for number, model in enumerate(models):
            if number and self._clock.monotonic() - started > _MAX_SECONDS:
                self._waiting = dict.fromkeys(left.pk for left in models[number:]) | self._waiting
                break
            try:
                self._follow(model)
            except ChantillyError as error:
                # What was seen of it is read anew: nobody knows how far it came.
                self._followed.pop(model.pk, None)
                self._waiting[model.pk] = None
                repeated.warning(str(error), "features of '%s' are looked at later: %s", model.name, error)
        self._tidy()

    def seen_of(self, model_id: int) -> tuple[int, int] | None:
        """Return how many records of a model were seen, and the faults in them; None: nobody asks it now."""
        followed = self._followed.get(model_id)
        return None if followed is None else (followed.progress.seen.n, followed.progress.seen.n_breaches)

    def erase(self) -> None:
        """Forget everything."""
        self._followed.clear()
        self._waiting.clear()
        self._last_look.forget()

    def _next_models(self) -> list[Served]:
        since = self._last_look.again()
        if since is None:
            models = self._sweep.begin()
        else:
            swept = self._sweep.next()
            models = find_used(since, also=[*self._waiting, *(model.pk for model in swept)])
        # Those that have waited come first.
        rank = {pk: number for number, pk in enumerate(self._waiting)}
        models.sort(key=lambda model: rank.get(model.pk, len(rank)))
        self._waiting = dict.fromkeys(model.pk for model in models[_MODELS_AT_A_TIME:])
        return models[:_MODELS_AT_A_TIME]

    def _follow(self, model: Served) -> None:
        if not model.paradigm.has_features:
            return
        followed = self._followed.get(model.pk)
        if followed is None or followed.progress.generation != model.generation:
            followed = self._followed[model.pk] = self._loaded(model)
        seen = followed.progress.seen
        revision, frozen = standing.frozen(model.pk)
        if revision != seen.revision:
            self._contract_changed(model.pk)
        seen.compare_with(revision)
        found = seeing.see(model, followed.progress, frozen)
        if found or followed.is_due:
            self._save(model.pk, followed, found)

    def _loaded(self, model: Served) -> _Followed:
        progress = seeing.load(model)
        seen = progress.seen
        return _Followed(progress, seen.n, seen.n_breaches, self._clock.monotonic())

    def _tidy(self) -> None:
        """Write down what was seen; let go of models that nobody asks."""
        for model_id, followed in list(self._followed.items()):
            age = self._clock.monotonic() - followed.saved_at
            if followed.n_unsaved and age >= _SAVE_SECONDS:
                self._save(model_id, followed, ())
            elif not followed.n_unsaved and age >= _IDLE_SECONDS:
                self._followed.pop(model_id, None)

    def _save(self, model_id: int, followed: _Followed, found: Sequence[Found]) -> None:
        try:
            alerts = storing.save(model_id, followed.progress, found)
        except Exception:
            # What is in memory has seen what the database has not: the next tick loads it anew.
            self._followed.pop(model_id, None)
            self._waiting[model_id] = None
            raise
        if alerts is None:
            self._followed.pop(model_id, None)
            return
        seen = followed.progress.seen
        followed.saved_n, followed.saved_breaches = seen.n, seen.n_breaches
        followed.saved_at = self._clock.monotonic()
        if alerts:
            self._report(alerts)
