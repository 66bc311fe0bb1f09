"""How much memory the hot models take: weighed when somebody asks, and not too often."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models_app.domain.weights import weigh
from models_app.engine.hot import Vitals
from models_app.services.finding import Served

# A model that goes on learning is not weighed again before that, in seconds: a large one takes a moment.
_FRESH_SECONDS = 60.0
# Models that were weighed long ago give way.
_MAX_MODELS = 10_000


@dataclass(frozen=True, slots=True)
class _Weight:
    """The size of a model, in bytes, after learn `seq`; `at` is on the clock of the estimates."""

    generation: int
    seq: int
    n_bytes: int | None
    at: float


class Scales:
    """Weighs models and remembers their weights. Any thread may ask.

    A weight is what Python tells of all objects that the model and its metrics are made of.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._weights: dict[int, _Weight] = {}

    def weigh(self, model: Served, vitals: Vitals) -> int | None:
        """Return a hot model's bytes in memory, of a moment ago; None: it has too many objects."""
        known = self._weights.get(model.pk)
        if known is not None and self._is_fresh(known, model, vitals):
            return known.n_bytes
        n_bytes = weigh(*vitals.held)
        self._weights.pop(model.pk, None)
        self._weights[model.pk] = _Weight(model.generation, vitals.seq, n_bytes, self._now())
        while len(self._weights) > _MAX_MODELS:
            self._weights.pop(next(iter(self._weights)), None)
        return n_bytes

    def weigh_some(self, models: Sequence[tuple[Served, Vitals]], *, seconds: float) -> dict[str, int]:
        """Return the bytes of those that are known or can be weighed in so many seconds, by name.

        The others have their turn when it is asked again: those that were weighed longest ago come first.
        """
        until = time.perf_counter() + seconds
        found: dict[str, int] = {}
        for model, vitals in sorted(models, key=self._weighed_at):
            has_time = time.perf_counter() < until
            n_bytes = self.weigh(model, vitals) if has_time else self._remembered(model)
            if n_bytes is not None:
                found[model.name] = n_bytes
        return found

    def _is_fresh(self, known: _Weight, model: Served, vitals: Vitals) -> bool:
        if known.generation != model.generation:
            return False
        return known.seq == vitals.seq or self._now() - known.at < _FRESH_SECONDS

    def _weighed_at(self, item: tuple[Served, Vitals]) -> float:
        known = self._weights.get(item[0].pk)
        return known.at if known is not None else float("-inf")

    def _remembered(self, model: Served) -> int | None:
        known = self._weights.get(model.pk)
        return known.n_bytes if known is not None and known.generation == model.generation else None


#: The scales of this process.
scales = Scales()
