"""River's drift detectors, by name."""

import inspect
from collections.abc import Mapping
from typing import Any

from river import drift

from models_app.domain.errors import InvalidRequest
from models_app.paradigms.base import Paradigm

Parameters = Mapping[str, float | int | bool | str | None]

DEFAULT = "ADWIN"
#: These take any number.
NUMERIC: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (drift.ADWIN, drift.KSWIN, drift.PageHinkley)
}
#: These take errors that are 0 or 1: those of a classification.
BINARY: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        drift.binary.DDM,
        drift.binary.EDDM,
        drift.binary.FHDDM,
        drift.binary.HDDMA,
        drift.binary.HDDMW,
    )
}
NAMES = (*NUMERIC, *BINARY)
# River's FHDDM is to be shown what was right: it looks for a mean that falls.
_SHOWN_HITS = {drift.binary.FHDDM.__name__}
# KSWIN draws from its window: without a seed, the journal would not determine its findings.
_FIXED = {"KSWIN": {"seed": 0}}
# A window to begin with is no parameter.
_NOT_OFFERED = {"KSWIN": {"window"}}


def new_detector(name: str, parameters: Parameters) -> Any:
    """Return a detector that has seen nothing; raises `InvalidRequest` as `check` does."""
    kind = _kind(name)
    _check_names(name, parameters)
    try:
        detector = kind(**{**_FIXED.get(name, {}), **parameters})
        # Some look at their parameters only when they need them.
        for value in (0, 1, 0):
            detector.update(value)
        detector = kind(**{**_FIXED.get(name, {}), **parameters})
    except (TypeError, ValueError, ArithmeticError) as error:
        raise InvalidRequest({"parameters": [f"{name} refuses them: {error}"]}) from error
    return detector


def shown(name: str, error: float) -> float:
    """Return what a detector is to be shown for an error."""
    return 1 - error if name in _SHOWN_HITS else error


def check(name: str, parameters: Parameters, *, paradigm: Paradigm, watches_numbers: bool) -> None:
    """Raise `InvalidRequest` where a detector cannot be made, or cannot take what it is to watch.

    `watches_numbers`: it is to watch features or predictions, too.
    """
    if not fits(name, paradigm) or (name in BINARY and watches_numbers):
        what = paradigm.errors_in_words or "features and predictions"
        choice = ", ".join(NUMERIC)
        raise InvalidRequest({"detector": [f"{name} takes 0 and 1 only; for {what} choose {choice}"]})
    new_detector(name, parameters)


def fits(name: str, paradigm: Paradigm) -> bool:
    """Say whether a detector can take the errors of a paradigm's predictions."""
    return name not in BINARY or paradigm.errors_in_words is None


def parameters_of(name: str) -> dict[str, Any]:
    """Return a detector's parameters with their defaults.

    >>> parameters_of("EDDM")
    {'warm_start': 30, 'alpha': 0.95, 'beta': 0.9}
    """
    signature = inspect.signature(_kind(name).__init__)
    left_out = {"self", *_NOT_OFFERED.get(name, ())}
    return {key: parameter.default for key, parameter in signature.parameters.items() if key not in left_out}


def _kind(name: str) -> type[Any]:
    kind = NUMERIC.get(name) or BINARY.get(name)
    if kind is None:
        raise InvalidRequest({"detector": [f"must be one of {', '.join(NAMES)}"]})
    return kind


def _check_names(name: str, parameters: Parameters) -> None:
    known = parameters_of(name)
    for key, value in parameters.items():
        if key not in known:
            raise InvalidRequest({"parameters": [f"{name} has no '{key}', but {', '.join(known)}"]})
        if not isinstance(value, bool | int | float | str | None):
            raise InvalidRequest({"parameters": [f"'{key}' must be a number, a string or a boolean"]})
