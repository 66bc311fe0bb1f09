"""Multi-output regression: several numbers, by the names of their targets, from features."""

import math
from collections.abc import Iterable
from functools import partial
from typing import Any

from river import base, metrics
from river.metrics.base import RegressionMetric

from models_app.domain import predictions
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.paradigms import averages
from models_app.paradigms.averages import averaged
from models_app.paradigms.base import Paradigm
from models_app.paradigms.numbers import overflowing

_Targets = dict[str, Any]


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[_Targets, _Targets]]:
    """Yield the targets that are known and were predicted; a model that has learned nothing predicts none."""
    if not isinstance(y_true, dict) or not isinstance(y_pred, dict):
        return
    common = [target for target in y_true if _is_finite(y_pred.get(target))]
    if common:
        yield {target: y_true[target] for target in common}, {target: y_pred[target] for target in common}


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


class MultiOutput(Paradigm):
    """Numbers by target are predicted by `predict_one`, and learned."""

    name = "multioutput"
    predict_method = "predict_one"
    metrics = (
        partial(averaged, metrics.multioutput.MicroAverage, metrics.MAE),
        partial(averaged, metrics.multioutput.MicroAverage, metrics.RMSE),
        partial(averaged, metrics.multioutput.MacroAverage, metrics.MAE),
        partial(averaged, metrics.multioutput.MacroAverage, metrics.RMSE),
    )
    fitting_metrics = (RegressionMetric,)
    averages = averages.OF_NUMBERS
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "a multi-output regressor"
    answer_in_words = "a dictionary of numbers by target"
    kinds = (base.MultiTargetRegressor,)
    described = "a multi-output regressor, which predicts several targets"
    trial_truths = (lambda number: {"a": 0.5 + number % 5, "b": 1.5 - number % 3},)
    example_truth = '{"a": 2.5, "b": 1.0}'
    diagnosis = "outputs"

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if not isinstance(value, dict) or not value:
            return "must be an object of numbers by target, not empty"
        for target, number in value.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                return f"must have numbers only, not so '{target}'"
            if reason := overflowing(number):
                return f"'{target}' {reason}"
        return None


MULTIOUTPUT = MultiOutput()
