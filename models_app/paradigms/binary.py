"""Binary classification: true or false from features."""

from river import base, metrics
from river.metrics.base import BinaryMetric, MultiClassMetric

from models_app.domain.predictions import Label, Probabilities
from models_app.paradigms.classification import Classification


class Binary(Classification):
    """Ground truths are true or false, or 1 or 0."""

    name = "binary"
    metrics = (metrics.Accuracy, metrics.LogLoss, metrics.Precision, metrics.Recall, metrics.F1)
    fitting_metrics = (BinaryMetric, MultiClassMetric)
    kinds = (base.Classifier,)
    trial_truths = (lambda number: number % 2 == 0,)
    example_truth = "true"
    claimed_in_words = "true"

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if type(value) is bool or (isinstance(value, bool | int | float) and value in (0, 1)):
            return None
        return "must be true or false (or 1 or 0) for a binary classification"

    def claimed_label(self, y_pred: Probabilities) -> Label:
        """Return True: the probability of the other says the same."""
        return True


BINARY = Binary()
