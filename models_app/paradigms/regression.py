"""Regression: numbers from features."""

from collections.abc import Sequence

from river import base, metrics
from river.metrics.base import RegressionMetric

from models_app.domain import predictions
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth, Scores
from models_app.paradigms.base import Paradigm, is_a
from models_app.paradigms.numbers import overflowing


class Regression(Paradigm):
    """A number is predicted by `predict_one`, and learned."""

    name = "regression"
    predict_method = "predict_one"
    metrics = (metrics.MAE, metrics.RMSE, metrics.SMAPE)
    fitting_metrics = (RegressionMetric,)
    normalize = staticmethod(predictions.number)
    kinds = (base.Regressor,)
    wanted = "a regressor"
    answer_in_words = "a number"
    trial_truths = (lambda number: 0.5 + (5 * number % 7),)
    example_truth = "2.5"
    options = ("interval", "distribution", "explanation")
    diagnosis = "residuals"
    has_labels = False
    errors_in_words = "a regression's errors"

    def unsuitable(self, step: object) -> str | None:  # noqa: D102
        return (
            "a classifier, for the flavors 'binary' and 'multiclass'" if is_a(step, base.Classifier) else None
        )

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if not isinstance(value, int | float):
            return "must be a number for a regression"
        return overflowing(value)

    def learned(self, value: GroundTruth) -> GroundTruth:
        """Return a ground truth as it is scored and learned: booleans are numbers.

        >>> REGRESSION.learned(True)
        1
        """
        return int(value) if type(value) is bool else value

    def error(self, y_true: GroundTruth, y_pred: Prediction) -> float:
        """Return how far they are apart."""
        return float(abs(y_true - y_pred))  # type: ignore[operator]  # both are numbers: it was scored

    def errors(self, scores: Scores) -> Sequence[float]:
        """Return the losses of the first metric, the mean absolute error."""
        return scores.losses[0] if scores.losses else ()

    def level(self, y_pred: Prediction) -> float | None:
        """Return what was predicted."""
        return float(y_pred or 0.0)  # type: ignore[arg-type]  # a number


REGRESSION = Regression()
