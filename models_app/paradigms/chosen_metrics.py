"""Metrics that are chosen for a model by their names in `river.metrics`, some with a parameter."""

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from river import metrics
from river.metrics.base import Metric

from models_app.domain.errors import InvalidRequest
from models_app.domain.scoring import Kind, name_of
from models_app.paradigms.averages import averaged
from models_app.paradigms.base import Paradigm

#: The choice of no metrics at all: the model is not scored.
NONE = "none"
#: The field that the choice is made in.
FIELD = "metrics"
_NAMED = re.compile(r"(\w+)(?:\(([^()]+)\))?")


def read_names(text: str) -> list[str]:
    """Return the names in a list separated by commas.

    >>> read_names("ROCAUC, MCC")
    ['ROCAUC', 'MCC']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def kinds(names: Sequence[str], flavor: Paradigm) -> tuple[Kind, ...]:
    """Return the flavor's metrics and those named, each once; none at all for `none`.

    Raises `InvalidRequest`, which names the first that there is not or that does not fit.

    >>> from models_app.paradigms.registry import FLAVORS
    >>> [kind.__name__ for kind in kinds(["R2"], FLAVORS["regression"])]
    ['MAE', 'RMSE', 'SMAPE', 'R2']
    >>> kinds(["none"], FLAVORS["regression"])
    ()
    >>> name_of(kinds(["MacroAverage(RMSE)"], FLAVORS["multioutput"])[-1]())
    'MacroAverage(RMSE)'
    """
    if NONE in names:
        if len(names) > 1:
            raise _refusal("'none' cannot be combined with metrics")
        return ()
    chosen: dict[str, Kind] = {}
    for kind in [*flavor.metrics, *(_kind(name, flavor) for name in names)]:
        chosen.setdefault(name_of(kind()), kind)
    return tuple(chosen.values())


def available(flavor: Paradigm) -> list[str]:
    """Return the names of the metrics that can be chosen beside the flavor's own, but those with a number."""
    fitting = _fitting(flavor)
    if flavor.averages:
        fitting = [f"{average.__name__}({name})" for average in flavor.averages for name in fitting]
    own = {name_of(kind()) for kind in flavor.metrics}
    return [name for name in [*fitting, *flavor.more_metrics] if name not in own]


def _fitting(flavor: Paradigm) -> list[str]:
    return [name for name in dict.fromkeys(metrics.__all__) if _fits(_called(name), flavor)]


def _kind(name: str, flavor: Paradigm) -> Kind:
    kind = _found(name, flavor)
    if kind is None:
        named = _NAMED.fullmatch(name)
        parts = [part for part in named.groups() if part] if named else [name]
        is_one = _called(parts[-1]) is not None or parts[0] in flavor.metrics_at
        wrong = "does not fit" if is_one else "is no metric of river.metrics: choose another for"
        raise _refusal(f"'{name}' {wrong} the flavor '{flavor.name}', which can have: {_choice(flavor)}")
    return kind


def _found(name: str, flavor: Paradigm) -> Kind | None:
    """Return what makes the metric of that name; None where the flavor cannot have it."""
    own: dict[str, Kind] = {name_of(kind()): kind for kind in flavor.metrics} | dict(flavor.more_metrics)
    named = _NAMED.fullmatch(name)
    if name in own or named is None:
        return own.get(name)
    outer, inner = named.groups()
    if inner is None:
        kind = _called(outer)
        return kind if _fits(kind, flavor) and not flavor.averages else None
    if outer in flavor.metrics_at:
        number = _number(inner)
        return None if number is None else _made_with(flavor.metrics_at[outer], number)
    kind = _called(inner)
    averages = [average for average in flavor.averages if average.__name__ == outer]
    return partial(averaged, averages[0], kind) if averages and _fits(kind, flavor) else None


def _made_with(make: Callable[[float], Metric], number: float) -> Kind | None:
    try:
        make(number)
    except ValueError:
        # It takes no such number.
        return None
    return partial(make, number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _choice(flavor: Paradigm) -> str:
    """Say what can be chosen, in fewer words than all the names."""
    fitting = ", ".join(_fitting(flavor))
    if flavor.averages:
        averages = ", ".join(f"{average.__name__}(...)" for average in flavor.averages)
        fitting = f"{averages} of one of {fitting}"
    elif fitting:
        fitting = ", ".join(available(flavor))
    others = [*flavor.more_metrics, *(f"{name}(number)" for name in flavor.metrics_at)]
    return "; ".join(part for part in (fitting, ", ".join(others)) if part) or "those that it has"


def _called(name: str) -> Any:
    # River lists names that it does not have.
    return getattr(metrics, name, None) if name in metrics.__all__ else None


def _fits(kind: object, flavor: Paradigm) -> bool:
    if not (isinstance(kind, type) and issubclass(kind, flavor.fitting_metrics) and _is_a_number(kind)):
        return False
    # What is averaged over outputs are labels, or numbers.
    return not flavor.averages or bool(getattr(kind(), "requires_labels", True))


def _is_a_number(kind: Kind) -> bool:
    """Say whether the metric needs no parameters, and its value is a number."""
    try:
        float(kind().get())
    except (TypeError, NotImplementedError):
        return False
    return True


def _refusal(reason: str) -> InvalidRequest:
    return InvalidRequest({FIELD: [reason]})
