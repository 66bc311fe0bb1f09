"""The figures of models that are in memory, of this process's engine; no model is loaded for them."""

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any

from models_app.domain.errors import ChantillyError
from models_app.engine.commands import Inspect
from models_app.engine.timings import Durations, Histogram, Timings
from models_app.engine.vitals import Vitals
from models_app.services.finding import Served
from models_app.services.runtime import get_engine

__all__ = [
    "Durations",
    "Histogram",
    "Timings",
    "Vitals",
    "busy_models",
    "hot_names",
    "hot_vitals",
    "timings",
    "timings_of",
]

# A model that takes longer to say how it does goes without.
_PATIENCE_SECONDS = 1.0


def hot_vitals(names: list[str]) -> dict[str, Vitals]:
    """Return the figures of those models that are hot, as far as they come in time."""
    engine = get_engine()
    hot = engine.hot_names()
    asked: dict[str, Future[Any]] = {}
    for name in names:
        if name in hot:
            command = Inspect(name)
            asked[name] = command.answered_in_thread()
            engine.submit(command)
    until = time.monotonic() + _PATIENCE_SECONDS
    answers = {name: _answer(future, until) for name, future in asked.items()}
    return {name: vitals for name, vitals in answers.items() if vitals is not None}


def hot_names() -> set[str]:
    """Return the names of the models that are in memory."""
    return get_engine().hot_names()


def timings() -> dict[str, Timings]:
    """Return how long requests took, by the model's name."""
    return get_engine().timings()


def timings_of(model: Served) -> Timings:
    """Return how long a model's requests took since its generation began."""
    return get_engine().find_timings(model.name, model.pk, model.generation) or Timings()


def busy_models() -> dict[str, float]:
    """Return for how many seconds models have been busy with what they do now, from one second on."""
    return get_engine().busy_models()


def _answer(future: "Future[Any]", until: float) -> Vitals | None:
    try:
        vitals: Vitals = future.result(timeout=max(0.0, until - time.monotonic()))
    except (ChantillyError, NotYet):
        # Deleted meanwhile, or busy.
        return None
    return vitals
