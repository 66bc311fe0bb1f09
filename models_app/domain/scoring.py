"""Metrics of progressive validation: what was predicted, scored against what came true."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from river import metrics, stats

from models_app.domain.predictions import Label, Prediction, are_scorable, is_scorable, most_probable

#: What is known to be true: a label or a number; of some paradigms an object; None: nothing is known.
GroundTruth = Label | dict[str, Any] | None
Metrics = list[metrics.base.Metric]
#: Makes a metric that has seen nothing: a class of River's, or what makes one with parameters.
Kind = Callable[[], metrics.base.Metric]
#: Makes of a ground truth and a prediction what metrics are updated with, any number of times.
Pairs = Callable[[GroundTruth, Prediction], Iterable[tuple[Any, Any]]]
_Loss = Callable[[Any, Any], float]

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


def new_metrics(kinds: Sequence[Kind]) -> Metrics:
    """Return metrics that have seen nothing.

    Those that count the same things share a confusion matrix, as River's `cm` is meant for.
    """
    binary, multiclass = Confusion(), Confusion()
    return [_new_metric(kind, binary, multiclass) for kind in kinds]


def _new_metric(kind: Kind, binary: Confusion, multiclass: Confusion) -> metrics.base.Metric:
    if not isinstance(kind, type):
        return kind()
    if issubclass(kind, _BINARY_LABELS):
        return kind(cm=binary)
    if issubclass(kind, metrics.base.MultiClassMetric) and kind is not metrics.CrossEntropy:
        return kind(cm=multiclass)
    return kind()


@dataclass(slots=True)
class Scores:
    """Scores of some learns, in their order: metrics are made of them.

    `losses` has for each metric that is a mean its losses, `pairs` the ground truths with the labels that
    were predicted, `others` what other metrics want to see; `n` were scored, and `unscored` are the places,
    among all, of those that could not be. Scores of one model serve for the metrics over all models, too:
    those come first among the model's own.
    """

    losses: Sequence[Sequence[float]]
    pairs: list[tuple[Label, Label]] = field(default_factory=list)
    others: list[tuple[GroundTruth, Prediction]] = field(default_factory=list)
    unscored: list[int] = field(default_factory=list)
    n: int = 0


class Scorer:
    """Updates metrics.

    A learn is scored when it happens, so that one that cannot be scored is refused; what came of it is folded
    into the metrics when somebody looks, all at once: River's own updates take several times as long.

    The result is River's to the last bit. Metrics of labels count, and sums of counts are exact in any order.
    Means are folded in the order of the learns, as `river.stats.Mean` does.

    >>> accuracy, loss = scores = new_metrics([metrics.Accuracy, metrics.LogLoss])
    >>> scorer = Scorer(scores)
    >>> for _ in range(3):
    ...     scorer.score(True, {True: 0.75, False: 0.25})
    >>> scorer.take().pairs
    [(True, True), (True, True), (True, True)]
    >>> accuracy.cm.n_samples, accuracy.cm[True][True], loss._mean.n
    (3, 3.0, 3.0)
    """

    __slots__ = ("_losses", "_means", "_of_labels", "_others", "_pairs", "_scores")

    def __init__(self, scores: Sequence[metrics.base.Metric], pairs: Pairs | None = None) -> None:
        """`pairs`: for metrics that are updated with something else than the truth and the prediction."""
        self._pairs = pairs
        self._means: list[metrics.base.MeanMetric] = []
        self._others: list[metrics.base.Metric] = []
        # By their confusion matrix: one that is shared is to be updated once.
        self._of_labels: dict[int, metrics.base.ClassificationMetric] = {}
        for metric in scores:
            if pairs is not None:
                self._others.append(metric)
            elif getattr(metric, "requires_labels", False):
                self._of_labels.setdefault(id(metric.cm), metric)
            elif _is_plain_mean(metric):
                self._means.append(metric)
            else:
                self._others.append(metric)
        self._begin()

    def _begin(self) -> None:
        lists: list[list[float]] = [[] for _ in self._means]
        self._scores = Scores(lists)
        self._losses: list[tuple[_Loss, list[float]]] = [
            (metric._eval, losses) for metric, losses in zip(self._means, lists, strict=True)
        ]

    def score(self, y_true: GroundTruth, y_pred: Prediction) -> None:
        """Score one learn; what is empty, null or not finite is not scored.

        A metric that needs a label gets the most probable one; where a label is all that was predicted, only
        such metrics are updated. Raises what a metric raises that cannot take it; then the scorer and its
        metrics are of no use any more.
        """
        scores = self._scores
        if self._pairs is not None:
            self._score_pairs(self._pairs(y_true, y_pred))
            return
        if not is_scorable(y_pred):
            scores.unscored.append(scores.n + len(scores.unscored))
            return
        scores.n += 1
        if self._of_labels and not isinstance(y_pred, dict):
            # A label: metrics that need probabilities have nothing to see.
            scores.pairs.append((cast("Label", y_true), cast("Label", y_pred)))
            return
        for loss, losses in self._losses:
            # A float at once: an integer that is none is refused here.
            losses.append(float(loss(y_true, y_pred)))
        if isinstance(y_pred, dict):
            scores.pairs.append((cast("Label", y_true), most_probable(y_pred)))
        if self._others:
            self._update_others(y_true, y_pred)

    def score_all(self, scored: Sequence[tuple[GroundTruth, Prediction]]) -> None:
        """Score many learns, in their order: `score` for each of them, in a third of the time.

        >>> accuracy, loss = scores = new_metrics([metrics.Accuracy, metrics.LogLoss])
        >>> scorer = Scorer(scores)
        >>> scorer.score_all([(True, {True: 0.75, False: 0.25}), (False, {True: 0.5, False: 0.5})])
        >>> scorer.take().pairs
        [(True, True), (False, True)]
        """
        y_preds = [y_pred for _, y_pred in scored]
        if self._pairs is not None or self._others or not are_scorable(y_preds):
            for y_true, y_pred in scored:
                self.score(y_true, y_pred)
            return
        scores = self._scores
        y_trues = [y_true for y_true, _ in scored]
        scores.n += len(scored)
        has_probabilities = isinstance(y_preds[0], dict)
        if has_probabilities or not self._of_labels:
            for loss, losses in self._losses:
                losses.extend(map(float, map(loss, y_trues, y_preds)))
        if has_probabilities:
            scores.pairs += zip(y_trues, map(most_probable, y_preds), strict=True)  # type: ignore[arg-type]
        elif self._of_labels:
            scores.pairs += zip(y_trues, y_preds, strict=True)  # type: ignore[arg-type]

    def _score_pairs(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        scores, n_before = self._scores, len(self._scores.others)
        for y_true, y_pred in pairs:
            self._update_others(y_true, y_pred)
        if len(scores.others) == n_before:
            scores.unscored.append(scores.n + len(scores.unscored))
        else:
            scores.n += 1

    def take(self) -> Scores:
        """Bring the metrics up to date; return what was scored since the last time.

        To be called before the metrics are read or pickled.
        """
        scores = self._scores
        if scores.n or scores.unscored:
            self._begin()
            self._fold(scores)
        return scores

    def fold(self, scores: Scores) -> None:
        """Bring the metrics up to date with what another scorer of such metrics has scored."""
        self._fold(scores)
        for y_true, y_pred in scores.others:
            for metric in self._others:
                metric.update(y_true, y_pred)

    def _fold(self, scores: Scores) -> None:
        for metric, losses in zip(self._means, scores.losses, strict=False):
            _fold_mean(metric._mean, losses)
        for (y_true, label), n in Counter(scores.pairs).items():
            for metric in self._of_labels.values():
                metric.update(y_true, label, float(n))
                metric.cm.n_samples += n - 1

    def _update_others(self, y_true: GroundTruth, y_pred: Prediction) -> None:
        for metric in self._others:
            metric.update(y_true, y_pred)
        self._scores.others.append((y_true, y_pred))


def _is_plain_mean(metric: metrics.base.Metric) -> bool:
    """Say whether the metric is the mean of what `_eval` returns, and nothing more."""
    kind = type(metric)
    return isinstance(metric, metrics.base.MeanMetric) and (
        kind.update is metrics.base.MeanMetric.update and type(metric._mean) is stats.Mean
    )


def _fold_mean(mean: stats.Mean, values: Sequence[float]) -> None:
    """Do what `mean.update` does with each of the values, in one go."""
    n, m = mean.n, mean._mean
    for value in values:
        n += 1.0
        m += (1.0 / n) * (value - m)
    mean.n, mean._mean = n, m


def values(scores: Sequence[metrics.base.Metric]) -> dict[str, float | None]:
    """Return the metrics by name, in order; what is not finite is None.

    A metric of several `parts` has a value for each.

    >>> values([metrics.MAE()])
    {'MAE': 0.0}
    """
    found: dict[str, float | None] = {}
    for metric in scores:
        parts = getattr(metric, "parts", None)
        found |= {name_of(metric): _value(metric)} if parts is None else parts()
    return found


def _value(metric: metrics.base.Metric) -> float | None:
    # Some have nothing to say before their first update.
    try:
        value = metric.get()
    except statistics.StatisticsError:
        # An average of no outputs yet.
        return None
    return None if value is None else _finite(float(value))


def name_of(metric: metrics.base.Metric) -> str:
    """Return a metric's name: its own `name`, or its class's with that of the metric that it is made of.

    >>> name_of(metrics.multioutput.MicroAverage(metrics.MAE()))
    'MicroAverage(MAE)'
    """
    own = getattr(metric, "name", None)
    if isinstance(own, str):
        return own
    name, inner = type(metric).__name__, getattr(metric, "metric", None)
    return f"{name}({type(inner).__name__})" if isinstance(inner, metrics.base.Metric) else name


def kind_of(metric: metrics.base.Metric) -> Kind:
    """Return what makes a metric of the same kind.

    >>> name_of(kind_of(metrics.multioutput.MicroAverage(metrics.MAE()))())
    'MicroAverage(MAE)'
    """
    is_made_of_one = isinstance(getattr(metric, "metric", None), metrics.base.Metric)
    # One with a name of its own has a parameter.
    has_parameter = is_made_of_one or isinstance(getattr(metric, "name", None), str)
    return metric.clone if has_parameter else type(metric)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
