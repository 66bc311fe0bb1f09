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
    """Updates metrics.

    Metrics of labels only count how often which label was predicted for which: these counts are gathered here
    and handed over, all of one kind at once, when somebody looks. The sums of such counts are exact in any
    order. Other metrics are means of floats, and updated in the order of the learns.

    >>> accuracy, *_ = scores = new_metrics([metrics.Accuracy, metrics.MicroF1])
    >>> scorer = Scorer(scores)
    >>> for _ in range(3):
    ...     scorer.score("a", {"a": 0.75, "b": 0.25})
    >>> scorer.hand_over()
    >>> accuracy.cm.n_samples, accuracy.cm["a"]["a"]
    (3, 3.0)
    """

    __slots__ = ("_counts", "_of_labels", "_of_predictions")

    def __init__(self, scores: Sequence[metrics.base.Metric]) -> None:
        self._of_predictions: list[_Update] = []
        # By their confusion matrix: one that is shared is to be updated once.
        self._of_labels: dict[int, metrics.base.ClassificationMetric] = {}
        self._counts: dict[tuple[Label, Label], int] = {}
        for metric in scores:
            if getattr(metric, "requires_labels", False):
                self._of_labels.setdefault(id(metric.cm), metric)
            else:
                self._of_predictions.append(metric.update)

    def score(self, y_true: GroundTruth, y_pred: Prediction) -> None:
        """Score one learn; what is empty, null or not finite is not scored.

        A metric that needs a label gets the most probable one.
        """
        if not is_scorable(y_pred):
            return
        for update in self._of_predictions:
            update(y_true, y_pred)
        if isinstance(y_pred, dict):
            pair = (y_true, most_probable(y_pred))
            self._counts[pair] = self._counts.get(pair, 0) + 1

    def hand_over(self) -> None:
        """Bring the metrics up to date; to be called before they are read or pickled."""
        for (y_true, label), n in self._counts.items():
            for metric in self._of_labels.values():
                metric.update(y_true, label, float(n))
                metric.cm.n_samples += n - 1
        self._counts.clear()


def values(scores: Sequence[metrics.base.Metric]) -> dict[str, float | None]:
    """Return the metrics by name, in order; what is not finite is None.

    >>> values([metrics.MAE()])
    {'MAE': 0.0}
    """
    return {type(metric).__name__: _finite(float(metric.get())) for metric in scores}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
