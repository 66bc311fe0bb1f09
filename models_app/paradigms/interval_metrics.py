"""Metrics of prediction intervals: how often the ground truth is within, and how wide they are.

Only predictions that an interval was asked for have one; the others are no part of either.
"""

from typing import Any

from river import metrics, stats

from models_app.domain.intervals import IntervalPrediction


class IntervalCoverage(metrics.base.RegressionMetric):  # type: ignore[misc]  # River has no types
    """The share of ground truths that are within the interval, its ends included.

    >>> coverage = IntervalCoverage()
    >>> coverage.get()
    >>> for y_true in (1.0, 2.0, 2.1, 3.0):
    ...     coverage.update(y_true, IntervalPrediction(1.5, 1.0, 2.0))
    >>> coverage.update(9.0, 1.5)
    >>> coverage.get()
    0.5
    """

    def __init__(self) -> None:
        self._n = self._n_within = 0

    def update(self, y_true: float, y_pred: Any) -> None:
        """Count a ground truth, if there is an interval."""
        self._count(y_true, y_pred, 1)

    def revert(self, y_true: float, y_pred: Any) -> None:
        """Undo an update."""
        self._count(y_true, y_pred, -1)

    def _count(self, y_true: float, y_pred: Any, n: int) -> None:
        if isinstance(y_pred, IntervalPrediction):
            self._n += n
            self._n_within += n * (y_pred.lower <= y_true <= y_pred.upper)

    def get(self) -> float | None:
        """Return the share; None before the first interval."""
        return self._n_within / self._n if self._n else None

    @property
    def bigger_is_better(self) -> bool:
        """As far as the confidence level."""
        return True


class IntervalWidth(metrics.base.RegressionMetric):  # type: ignore[misc]
    """The mean width of the intervals.

    >>> width = IntervalWidth()
    >>> width.update(9.0, IntervalPrediction(1.5, 1.0, 2.0))
    >>> width.update(9.0, IntervalPrediction(1.5, 1.0, 4.0))
    >>> width.get()
    2.0
    """

    def __init__(self) -> None:
        self._mean = stats.Mean()

    def update(self, y_true: float, y_pred: Any) -> None:
        """Take the width, if there is an interval."""
        if isinstance(y_pred, IntervalPrediction):
            self._mean.update(y_pred.upper - y_pred.lower)

    def revert(self, y_true: float, y_pred: Any) -> None:
        """Undo an update."""
        if isinstance(y_pred, IntervalPrediction):
            self._mean.revert(y_pred.upper - y_pred.lower)

    def get(self) -> float | None:
        """Return the mean; None before the first interval."""
        return float(self._mean.get()) if self._mean.n else None


#: What models that can give intervals are scored by, beside the metrics of their flavor.
INTERVAL_METRICS = (IntervalCoverage, IntervalWidth)
