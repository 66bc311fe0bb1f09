"""Metrics: of one model, and over all models of the instance."""

from collections.abc import Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any

from models_app.domain.errors import ModelBusy, ServerStopping
from models_app.engine.commands import Command, Describe, Inspect
from models_app.engine.vitals import Vitals
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.registry import get_flavor as flavor_called
from models_app.services import counting
from models_app.services.configuring import flavor_name, get_flavor
from models_app.services.folding import get_instance_metrics
from models_app.services.runtime import engine_is_running, get_engine

#: How long a page waits for models, which may be busy, in seconds.
PATIENCE_SECONDS = 2.0


def instance_metrics(flavor: str | None = None) -> dict[str, float | None]:
    """Return the metrics over all models of a flavor by name, in its order; without one: of the instance's.

    Raises `FlavorNotSet`, `UnknownFlavor`.
    """
    chosen = get_flavor() if flavor is None else flavor_called(flavor)
    return get_instance_metrics().values(chosen)


def metrics_by_flavor() -> dict[str, dict[str, float | None]]:
    """Return the metrics over all models of each flavor that has any, the instance's own flavor first.

    Raises `StorageUnavailable`.
    """
    own = flavor_name()
    return {**({own: instance_metrics(own)} if own else {}), **metrics_of_other_flavors()}


def metrics_of_other_flavors() -> dict[str, dict[str, float | None]]:
    """Return the metrics over all models of each flavor that has any and is not the instance's.

    Raises `StorageUnavailable`.
    """
    served = counting.flavors_served() - {flavor_name()}
    return {name: instance_metrics(name) for name in FLAVORS if name in served}


def vitals(*, name: str, seconds: float | None = None) -> Vitals:
    """Return a model's figures, within `seconds`.

    Raises `ModelNotFound`, `ModelNotLoadable`, `ModelBusy`, `StorageUnavailable`.
    """
    found: Vitals = _asked(Inspect(name), name, seconds)
    return found


def describe_model(*, name: str, seconds: float | None = None) -> str:
    """Return a model as it draws itself, within `seconds`, as HTML, which is not to be trusted.

    Raises `ModelNotFound`, `ModelRaised`, `ModelBusy`.
    """
    drawn: str = _asked(Describe(name), name, seconds)
    return drawn


def busy_seconds(*, name: str) -> float | None:
    """Return for how long a model has been busy with what it does now; None: it is quick."""
    return get_engine().busy_models().get(name)


def _asked(command: Command, name: str, seconds: float | None) -> Any:
    try:
        return get_engine().call(command, seconds=seconds)
    except TimeoutError:
        raise ModelBusy(name, get_engine().busy_models().get(name, seconds or 0.0)) from None


def ask_if_hot(name: str) -> Future[Any] | None:
    """Ask a model that is in memory for its `Vitals`, and wait for nothing; None: it is not."""
    engine = get_engine()
    if name not in engine.hot_names():
        return None
    command = Inspect(name)
    future = command.answered_in_thread()
    engine.submit(command)
    return future


def vitals_of_hot(names: Iterable[str], *, seconds: float) -> dict[str, Vitals]:
    """Return the figures of those models that are in memory and answer within `seconds`, by name."""
    if not engine_is_running():
        return {}
    asked: dict[str, Future[Any]] = {}
    with suppress(ServerStopping):
        asked.update((name, future) for name in names if (future := ask_if_hot(name)) is not None)
    wait(asked.values(), timeout=seconds)
    done = {name: future for name, future in asked.items() if future.done() and not future.exception()}
    return {name: future.result() for name, future in done.items()}


def model_metrics(*, name: str, seconds: float | None = None) -> dict[str, float | None]:
    """Return one model's metrics by name, in the flavor's order, within `seconds`.

    Raises `ModelNotFound`, `ModelBusy`.
    """
    return vitals(name=name, seconds=seconds).metrics
