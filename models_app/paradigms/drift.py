"""Drift detection: whether a stream of values has changed, by detectors that are served by themselves."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from river import base, metrics

from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.base import FEATURES, Members, Paradigm, is_a
from models_app.paradigms.numbers import overflowing

#: Members of a reading, and the detectors' attributes.
_READ = {"drift": "drift_detected", "warning": "warning_detected", "estimation": "estimation"}


class Drifts(metrics.base.Metric):  # type: ignore[misc]  # River has no types
    """The number of drifts that were read before updates: one shows from its update to the next.

    >>> drifts = Drifts()
    >>> for drift in (False, True, False):
    ...     drifts.update(0.5, drift)
    >>> drifts.get()
    1
    """

    def __init__(self) -> None:
        self.n = 0

    def update(self, y_true: object, y_pred: bool) -> None:  # noqa: D102
        self.n += y_pred

    def revert(self, y_true: object, y_pred: bool) -> None:  # noqa: D102
        self.n -= y_pred

    def get(self) -> int:  # noqa: D102
        return self.n

    @property
    def bigger_is_better(self) -> bool:  # noqa: D102
        return False

    def works_with(self, model: object) -> bool:  # noqa: D102
        return True


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[GroundTruth, bool]]:
    return ((y_true, y_pred.get("drift") is True),) if isinstance(y_pred, dict) else ()


class Drift(Paradigm):
    """A value is taken by `update`; a reading says whether the last one showed a drift.

    `is_binary`: of detectors of errors, which take whether a prediction was wrong.
    """

    name = "drift"
    predict_method = "drift_detected"
    metrics = (Drifts,)
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "a drift detector"
    kinds = (base.DriftDetector, base.BinaryDriftDetector)
    described = "a drift detector, which is updated with values"
    trial_inputs = (lambda _: {},)
    trial_truths = (lambda number: number % 3 == 0,)
    models_differ = True
    example_truth = "true"
    diagnosis = "values"
    has_features = False

    def __init__(self, *, is_binary: bool = False) -> None:
        self.is_binary = is_binary

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that a model must have, and the attribute that is read."""
        return ("update", self.predict_method)

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:  # noqa: D102
        return {"update": ("value",)}

    def missing_methods(self, model: object) -> list[str]:  # noqa: D102
        return [method for method in self.methods if not hasattr(model, method)]

    def serving(self, model: object) -> Paradigm:
        """Return the paradigm of a model, by what it is updated with."""
        return Drift(is_binary=is_a(model, base.BinaryDriftDetector))

    def check_members(self, members: Members, *, learns: bool) -> None:
        """Raise `InvalidRequest` where there is more than features, which are not looked at."""
        reasons = {name: [f"not taken by the flavor '{self.name}'"] for name in members if name != FEATURES}
        if reasons:
            raise InvalidRequest(reasons)

    def predictor(self, model: Any) -> Callable[[object], object]:
        """Return what reads the detector."""
        read = {name: attribute for name, attribute in _READ.items() if hasattr(model, attribute)}
        return lambda _: {name: getattr(model, attribute) for name, attribute in read.items()}

    def learner(self, model: Any) -> Callable[[object, GroundTruth], object]:
        """Return what updates the detector."""
        update = model.update
        return lambda _, value: update(value)

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if self.is_binary:
            is_one = isinstance(value, bool | int | float) and value in (0, 1)
            return None if is_one else "must be true (a wrong prediction) or false"
        if isinstance(value, bool | int | float):
            return overflowing(value)
        return "must be a number, or true or false"

    def feature_objects(self, x: Features) -> Sequence[tuple[str, object]]:
        """Return none: features are not looked at."""
        return ()

    def level(self, y_pred: Prediction) -> float | None:
        """Return the detector's estimate of the values' mean, where it has one."""
        found = y_pred.get("estimation") if isinstance(y_pred, dict) else None
        return float(found) if isinstance(found, int | float) and predictions.is_scorable(found) else None


DRIFT = Drift()
