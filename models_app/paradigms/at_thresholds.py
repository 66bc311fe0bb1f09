"""Metrics of scores that count for true from a threshold on."""

from typing import Any, ClassVar

from river import metrics

from models_app.domain.scoring import Confusion


class _AtThreshold(metrics.base.Metric):  # type: ignore[misc]  # River has no types
    """One of River's metrics of labels."""

    scored_by: ClassVar[type]

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.metric = self.scored_by(cm=Confusion())

    @property
    def name(self) -> str:
        """Its name with the threshold."""
        return f"{type(self).__name__}({self.threshold!r})"

    def update(self, y_true: bool | None, y_pred: float, w: float = 1.0) -> None:
        """Compare a truth with a score; without a truth there is nothing to do."""
        if y_true is not None:
            self.metric.update(y_true, y_pred >= self.threshold, w)

    def revert(self, y_true: bool | None, y_pred: float, w: float = 1.0) -> None:
        """Undo an update."""
        if y_true is not None:
            self.metric.revert(y_true, y_pred >= self.threshold, w)

    def get(self) -> float:
        """Return River's value."""
        return float(self.metric.get())

    @property
    def bigger_is_better(self) -> bool:
        """Always."""
        return True

    def works_with(self, model: Any) -> bool:
        """Say whether it is for such a model."""
        return hasattr(model, "score_one")


class PrecisionAt(_AtThreshold):
    """The share of anomalies among what is scored so high.

    >>> precision = PrecisionAt(0.5)
    >>> for is_anomaly, score in [(True, 0.9), (False, 0.5), (True, 0.1)]:
    ...     precision.update(is_anomaly, score)
    >>> precision.name, precision.get()
    ('PrecisionAt(0.5)', 0.5)
    """

    scored_by = metrics.Precision


class RecallAt(_AtThreshold):
    """The share of the anomalies that are scored so high."""

    scored_by = metrics.Recall


class F1At(_AtThreshold):
    """The harmonic mean of the two."""

    scored_by = metrics.F1


AT_THRESHOLDS: tuple[type[_AtThreshold], ...] = (PrecisionAt, RecallAt, F1At)
