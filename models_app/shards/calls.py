"""What is asked of a shard itself; all of it is answered at once, and may be sent as it is."""

from collections.abc import Callable
from typing import Any

from models_app.engine.engine import Engine
from models_app.shards import values


def _hot_names(engine: Engine) -> list[str]:
    return sorted(engine.hot_names())


def _n_hot(engine: Engine) -> int:
    return engine.n_hot


def _is_running(engine: Engine) -> bool:
    return engine.is_running


def _busy_models(engine: Engine) -> dict[str, float]:
    return engine.busy_models()


def _timings(engine: Engine) -> dict[str, list[Any]]:
    return {name: values.timings_value(timings) for name, timings in engine.timings().items()}


def _find_timings(engine: Engine, name: str, model_id: int, generation: int) -> list[Any] | None:
    found = engine.find_timings(name, model_id, generation)
    return None if found is None else values.timings_value(found)


def _forget_default(engine: Engine) -> None:
    engine.forget_default()


def _forget(engine: Engine, name: str) -> None:
    engine.forget(name)


def _hurry(engine: Engine, seconds: float) -> None:
    engine.hurry(seconds=seconds)


#: Says whether somebody listens to events; for the connection, not for the engine.
WANT_EVENTS = "want_events"
#: By their names.
CALLS: dict[str, Callable[..., Any]] = {
    "busy_models": _busy_models,
    "find_timings": _find_timings,
    "forget": _forget,
    "forget_default": _forget_default,
    "hot_names": _hot_names,
    "hurry": _hurry,
    "is_running": _is_running,
    "n_hot": _n_hot,
    "timings": _timings,
}
