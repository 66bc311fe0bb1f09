"""The memory that hot models take: estimated when somebody asks, and not too often."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models_app.domain.sizes import estimate_size
from models_app.engine.vitals import Vitals
from models_app.services.finding import Served

# A model that goes on learning is not estimated again before that, in seconds: a large one takes a moment.
_FRESH_SECONDS = 60.0
# Models that were estimated long ago give way.
_MAX_MODELS = 10_000


@dataclass(frozen=True, slots=True)
class _Estimate:
    """The size of a model, in bytes, after learn `seq`; `at` is on the clock of `Estimates`."""

    generation: int
    seq: int
    n_bytes: int | None
    at: float


class Estimates:
    """Estimates of the memory that models take, remembered. Any thread may ask.

    An estimate is the size that Python reports of all objects that the model and its metrics are made of.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._estimates: dict[int, _Estimate] = {}

    def estimate(self, model: Served, vitals: Vitals) -> int | None:
        """Return a hot model's bytes in memory, of a moment ago; None: it has too many objects."""
        known = self._estimates.get(model.pk)
        if known is not None and self._is_fresh(known, model, vitals):
            return known.n_bytes
        n_bytes = estimate_size(*vitals.held)
        self._estimates.pop(model.pk, None)
        self._estimates[model.pk] = _Estimate(model.generation, vitals.seq, n_bytes, self._now())
        while len(self._estimates) > _MAX_MODELS:
            self._estimates.pop(next(iter(self._estimates)), None)
        return n_bytes

    def estimate_some(self, models: Sequence[tuple[Served, Vitals]], *, seconds: float) -> dict[str, int]:
        """Return the bytes of those that are known or can be estimated in so many seconds, by name.

        The others have their turn when it is asked again: those that were estimated longest ago come first.
        """
        until = time.perf_counter() + seconds
        found: dict[str, int] = {}
        for model, vitals in sorted(models, key=self._estimated_at):
            has_time = time.perf_counter() < until
            n_bytes = self.estimate(model, vitals) if has_time else self._remembered(model)
            if n_bytes is not None:
                found[model.name] = n_bytes
        return found

    def _is_fresh(self, known: _Estimate, model: Served, vitals: Vitals) -> bool:
        if known.generation != model.generation:
            return False
        return known.seq == vitals.seq or self._now() - known.at < _FRESH_SECONDS

    def _estimated_at(self, item: tuple[Served, Vitals]) -> float:
        known = self._estimates.get(item[0].pk)
        return known.at if known is not None else float("-inf")

    def _remembered(self, model: Served) -> int | None:
        known = self._estimates.get(model.pk)
        return known.n_bytes if known is not None and known.generation == model.generation else None


#: Those of this process.
estimates = Estimates()
