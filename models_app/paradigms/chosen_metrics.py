"""Metrics that are chosen for a model by their names in `river.metrics`."""

from collections.abc import Sequence
from typing import Any

from river import metrics

from models_app.domain.errors import InvalidRequest
from models_app.domain.scoring import Kind
from models_app.paradigms.base import Paradigm

#: The choice of no metrics at all: the model is not scored.
NONE = "none"
#: The field that the choice is made in.
FIELD = "metrics"


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
    """
    if NONE in names:
        if len(names) > 1:
            raise _refusal("'none' cannot be combined with metrics")
        return ()
    return tuple(dict.fromkeys([*flavor.metrics, *(_kind(name, flavor) for name in names)]))


def available(flavor: Paradigm) -> list[str]:
    """Return the names of the metrics that can be chosen beside the flavor's own."""
    named = ((name, _called(name)) for name in dict.fromkeys(metrics.__all__))
    return [name for name, kind in named if kind not in flavor.metrics and _fits(kind, flavor)]


def _kind(name: str, flavor: Paradigm) -> Kind:
    kind = _called(name)
    if not _fits(kind, flavor):
        wrong = "is no metric of river.metrics: choose another for" if kind is None else "does not fit"
        choice = ", ".join(available(flavor))
        raise _refusal(f"'{name}' {wrong} the flavor '{flavor.name}', which can have: {choice}")
    return kind  # type: ignore[no-any-return]  # River has no types


def _called(name: str) -> Any:
    # River lists names that it does not have.
    return getattr(metrics, name, None) if name in metrics.__all__ else None


def _fits(kind: object, flavor: Paradigm) -> bool:
    return isinstance(kind, type) and issubclass(kind, flavor.fitting_metrics) and _is_a_number(kind)


def _is_a_number(kind: Kind) -> bool:
    """Say whether the metric needs no parameters, and its value is a number."""
    try:
        float(kind().get())
    except (TypeError, NotImplementedError):
        return False
    return True


def _refusal(reason: str) -> InvalidRequest:
    return InvalidRequest({FIELD: [reason]})
