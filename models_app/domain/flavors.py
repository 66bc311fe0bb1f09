"""Flavors: the contract of a task. What the model must have, what it predicts, how it is scored."""

import dataclasses
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from river import metrics

from models_app.domain import predictions, scoring
from models_app.domain.errors import InvalidGroundTruth, UnknownFlavor
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth, Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    """One task.

    `predict_method` is what a prediction calls; `normalize` makes its answer plain; `check_ground_truth`
    returns the reason why a value cannot be scored, or None. `takes_numbers`: ground truths are numbers.
    """

    name: str
    predict_method: str
    metrics: tuple[type[metrics.base.Metric], ...]
    normalize: Callable[[object], Prediction]
    check_ground_truth: Callable[[object], str | None]
    takes_numbers: bool = False

    @property
    def methods(self) -> tuple[str, str]:
        """The methods that a model must have."""
        return ("learn_one", self.predict_method)

    def missing_methods(self, model: object) -> list[str]:
        """Return the methods that `model` lacks.

        A pipeline has every method, whatever its last step can do: that step decides.

        >>> from river import linear_model, preprocessing
        >>> model = preprocessing.StandardScaler() | linear_model.LinearRegression()
        >>> FLAVORS["binary"].missing_methods(model)
        ['predict_proba_one']
        """
        step = last_step(model)
        return [method for method in self.methods if not callable(getattr(step, method, None))]

    def predictor(self, model: object) -> Callable[[Any], object]:
        """Return the bound method that predicts."""
        method: Callable[[Any], object] = getattr(model, self.predict_method)
        return method

    def served_by(self, predict_method: str) -> "Flavor":
        """Return the flavor of a model that answers with another method of its own; empty: this flavor.

        A classifier's `predict_one` answers a label; what is made of probabilities is no metric then.

        >>> by_label = FLAVORS["binary"].served_by("predict_one")
        >>> by_label.normalize(True), [kind.__name__ for kind in by_label.metrics]
        (True, ['Accuracy', 'Precision', 'Recall', 'F1'])
        """
        if predict_method in ("", self.predict_method):
            return self
        return _by_label(self, predict_method)

    @property
    def answers_labels(self) -> bool:
        """Whether a prediction is a label, without probabilities."""
        return self.normalize is predictions.label

    def new_metrics(self) -> Metrics:
        """Return metrics that have seen nothing."""
        return scoring.new_metrics(self.metrics)

    def ground_truth(self, value: object) -> GroundTruth:
        """Return `value` if it can be scored and learned, as it is kept; raises `InvalidGroundTruth`."""
        reason = self.check_ground_truth(value)
        if reason is not None:
            raise InvalidGroundTruth(reason)
        return value  # type: ignore[return-value]  # checked just now

    def learned(self, value: GroundTruth) -> GroundTruth:
        """Return a ground truth as it is scored and learned: booleans are numbers for a regression.

        >>> FLAVORS["regression"].learned(True), FLAVORS["binary"].learned(True)
        (1, True)
        """
        return int(value) if self.takes_numbers and type(value) is bool else value


def get_flavor(name: str) -> Flavor:
    """Return the flavor called `name`; raises `UnknownFlavor`."""
    try:
        return FLAVORS[name]
    except (KeyError, TypeError):
        raise UnknownFlavor(list(FLAVORS)) from None


@functools.cache
def _by_label(flavor: Flavor, predict_method: str) -> Flavor:
    kinds = tuple(kind for kind in flavor.metrics if needs_labels_only(kind))
    return dataclasses.replace(
        flavor, predict_method=predict_method, normalize=predictions.label, metrics=kinds
    )


def needs_labels_only(kind: type[metrics.base.Metric]) -> bool:
    """Say whether a metric of classifications can do without probabilities.

    >>> needs_labels_only(metrics.F1), needs_labels_only(metrics.ROCAUC)
    (True, False)
    """
    return bool(kind().requires_labels)


def last_step(model: object) -> object:
    """Return the step of a pipeline (of pipelines) that learns and predicts, or the model itself."""
    steps = getattr(model, "steps", None)
    while steps and isinstance(steps, dict):
        model = next(reversed(steps.values()))
        steps = getattr(model, "steps", None)
    return model


def _regression_truth(value: object) -> str | None:
    if not isinstance(value, int | float):
        return "must be a number for a regression"
    return _overflowing(value)


def _binary_truth(value: object) -> str | None:
    if isinstance(value, bool | int | float) and value in (0, 1):
        return None
    return "must be true or false (or 1 or 0) for a binary classification"


def _multiclass_truth(value: object) -> str | None:
    if isinstance(value, str):
        return None
    if not isinstance(value, bool | int | float):
        return "must be a label (a string, a number or a boolean) for a multiclass classification"
    return _overflowing(value)


def _overflowing(value: float) -> str | None:
    try:
        return None if math.isfinite(value) else "must be a finite number"
    except OverflowError:
        return "must fit in a float"


FLAVORS: dict[str, Flavor] = {
    flavor.name: flavor
    for flavor in (
        Flavor(
            name="regression",
            predict_method="predict_one",
            metrics=(metrics.MAE, metrics.RMSE, metrics.SMAPE),
            normalize=predictions.number,
            check_ground_truth=_regression_truth,
            takes_numbers=True,
        ),
        Flavor(
            name="binary",
            predict_method="predict_proba_one",
            metrics=(metrics.Accuracy, metrics.LogLoss, metrics.Precision, metrics.Recall, metrics.F1),
            normalize=predictions.probabilities,
            check_ground_truth=_binary_truth,
        ),
        Flavor(
            name="multiclass",
            predict_method="predict_proba_one",
            metrics=(
                metrics.Accuracy,
                metrics.CrossEntropy,
                metrics.MacroPrecision,
                metrics.MacroRecall,
                metrics.MacroF1,
                metrics.MicroPrecision,
                metrics.MicroRecall,
                metrics.MicroF1,
            ),
            normalize=predictions.probabilities,
            check_ground_truth=_multiclass_truth,
        ),
    )
}
