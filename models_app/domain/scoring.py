"""Metrics of progressive validation: what was predicted, scored against what came true."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from river import metrics

from models_app.domain.predictions import Label, Prediction, is_scorable, most_probable

GroundTruth = Label
Metrics = list[metrics.base.Metric]
_Update = Callable[[Any, Any], None]

_BINARY_LABELS = (metrics.Precision, metrics.Recall, metrics.FBeta)


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
    """Return metrics that have seen nothing.

    Those that count the same things share a confusion matrix, as River's `cm` is meant for.
    """
    binary, multiclass = Confusion(), Confusion()
    return [_new_metric(kind, binary, multiclass) for kind in kinds]


def _new_metric(
    kind: type[metrics.base.Metric], binary: Confusion, multiclass: Confusion
) -> metrics.base.Metric:
    if issubclass(kind, _BINARY_LABELS):
        return kind(cm=binary)
    if issubclass(kind, metrics.base.MultiClassMetric) and kind is not metrics.CrossEntropy:
        return kind(cm=multiclass)
    return kind()


class Scorer:
    """Updates metrics, a shared confusion matrix once.

    >>> accuracy, *_ = shared = new_metrics([metrics.Accuracy, metrics.MicroF1])
    >>> Scorer(shared).score("a", {"a": 0.75, "b": 0.25})
    >>> accuracy.cm.n_samples
    1
    """

    __slots__ = ("_of_labels", "_of_predictions")

    def __init__(self, scores: Sequence[metrics.base.Metric]) -> None:
        self._of_labels: list[_Update] = []
        self._of_predictions: list[_Update] = []
        counted: set[int] = set()
        for metric in scores:
            if not getattr(metric, "requires_labels", False):
                self._of_predictions.append(metric.update)
            elif id(metric.cm) not in counted:
                counted.add(id(metric.cm))
                self._of_labels.append(metric.update)

    def score(self, y_true: GroundTruth, y_pred: Prediction) -> None:
        """Update the metrics with one learn; what is empty, null or not finite is not scored.

        A metric that needs a label gets the most probable one.
        """
        if not is_scorable(y_pred):
            return
        for update in self._of_predictions:
            update(y_true, y_pred)
        if self._of_labels:
            label = most_probable(y_pred) if isinstance(y_pred, dict) else y_pred
            for update in self._of_labels:
                update(y_true, label)


def values(scores: Sequence[metrics.base.Metric]) -> dict[str, float | None]:
    """Return the metrics by name, in order; what is not finite is None.

    >>> values([metrics.MAE()])
    {'MAE': 0.0}
    """
    return {type(metric).__name__: _finite(float(metric.get())) for metric in scores}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
