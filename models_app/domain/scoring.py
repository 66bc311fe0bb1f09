"""Metrics of progressive validation: what was predicted, scored against what came true."""

import math
from collections.abc import Sequence

from river import metrics

from models_app.domain.predictions import Label, Prediction, is_scorable, most_probable

GroundTruth = Label
Metrics = list[metrics.base.Metric]

_MACRO = (metrics.MacroPrecision, metrics.MacroRecall, metrics.MacroFBeta)


class Confusion(metrics.ConfusionMatrix):  # type: ignore[misc]  # River has no types
    """A confusion matrix whose classes have one order.

    River's are a set, which every process walks in another order: the macro averages, sums over the classes,
    would differ in their last bits after a restart.

    >>> confusion = Confusion()
    >>> for label in ["b", 2, "a", 1]:
    ...     confusion.update(label, label)
    >>> confusion.classes
    [1, 2, 'a', 'b']
    """

    @property
    def classes(self) -> list[Label]:
        """The labels seen, by the names of their types, then by value."""
        return sorted(super().classes, key=lambda label: (type(label).__name__, label))


def new_metrics(kinds: Sequence[type[metrics.base.Metric]]) -> Metrics:
    """Return metrics that have seen nothing."""
    return [kind(cm=Confusion()) if issubclass(kind, _MACRO) else kind() for kind in kinds]


def score(scores: Sequence[metrics.base.Metric], y_true: GroundTruth, y_pred: Prediction) -> None:
    """Update metrics with one learn; a prediction that is empty, null or not finite is not scored.

    A metric that needs a label gets the most probable one.
    """
    if not is_scorable(y_pred):
        return
    if not isinstance(y_pred, dict):
        for metric in scores:
            metric.update(y_true, y_pred)
        return
    label = most_probable(y_pred)
    for metric in scores:
        metric.update(y_true, label if metric.requires_labels else y_pred)


def values(scores: Sequence[metrics.base.Metric]) -> dict[str, float | None]:
    """Return the metrics by name, in order; what is not finite is None.

    >>> values([metrics.MAE()])
    {'MAE': 0.0}
    """
    return {type(metric).__name__: _finite(float(metric.get())) for metric in scores}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
