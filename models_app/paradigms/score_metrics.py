"""Metrics of anomalies' scores: by the truths where these come, else of the scores themselves.

A learn without a truth is one more score; the truth that comes for it later is compared with the score, which
counts no second time.
"""

from typing import Any

from river import metrics, stats


class _ByTruths(metrics.base.Metric):  # type: ignore[misc]  # River has no types
    """River's metric of the same name; None before the first truth."""

    def __init__(self) -> None:
        self._scores = getattr(metrics, type(self).__name__)()
        self._n = 0

    def update(self, y_true: bool | None, y_pred: float, w: float = 1.0) -> None:
        """Compare a truth with a score; without a truth there is nothing to do."""
        if y_true is not None:
            self._scores.update(y_true, y_pred)
            self._n += 1

    def revert(self, y_true: bool | None, y_pred: float, w: float = 1.0) -> None:
        """Undo an update."""
        if y_true is not None:
            self._scores.revert(y_true, y_pred)
            self._n -= 1

    def get(self) -> float | None:
        """Return River's value."""
        return float(self._scores.get()) if self._n else None

    @property
    def bigger_is_better(self) -> bool:
        """Always."""
        return True

    def works_with(self, model: Any) -> bool:
        """Say whether it is for such a model."""
        return hasattr(model, "score_one")


class ROCAUC(_ByTruths):
    """The area under the ROC curve, at ten thresholds between 0 and 1.

    >>> area = ROCAUC()
    >>> area.get()
    >>> for is_anomaly, score in [(None, 0.7), (True, 0.9), (False, 0.1)]:
    ...     area.update(is_anomaly, score)
    >>> round(area.get(), 6)
    1.0
    """


class RollingROCAUC(_ByTruths):
    """The area under the ROC curve of the last scores that truths came for, whatever their range."""


class RollingPRAUC(_ByTruths):
    """The area under their curve of precision and recall."""


class _OfScores(metrics.base.Metric):  # type: ignore[misc]
    """What the scores of learns come to that no truth came with; None before the first."""

    bigger_is_better = False

    def __init__(self, statistic: stats.base.Univariate) -> None:
        self.statistic = statistic
        self._n = 0

    def update(self, y_true: bool | None, y_pred: float, w: float = 1.0) -> None:
        """Take a score."""
        if y_true is None:
            self.statistic.update(y_pred)
            self._n += 1

    def revert(self, y_true: bool | None, y_pred: float, w: float = 1.0) -> None:
        """Refuse: of a quantile nothing can be taken back."""
        raise NotImplementedError

    def get(self) -> float | None:
        """Return what they come to."""
        return float(self.statistic.get()) if self._n else None

    def works_with(self, model: Any) -> bool:
        """Say whether it is for such a model."""
        return hasattr(model, "score_one")


class ScoreMean(_OfScores):
    """The mean of the scores.

    >>> mean = ScoreMean()
    >>> for is_anomaly, score in [(None, 0.5), (None, 1.0), (True, 9.0)]:
    ...     mean.update(is_anomaly, score)
    >>> mean.get()
    0.75
    """

    def __init__(self) -> None:
        super().__init__(stats.Mean())


class ScoreQuantile(_OfScores):
    """What a share of the scores does not exceed, as `river.stats.Quantile` estimates it.

    >>> median = ScoreQuantile(0.5)
    >>> for score in (0.1, 0.2, 0.9):
    ...     median.update(None, score)
    >>> median.name, median.get()
    ('ScoreQuantile(0.5)', 0.2)
    """

    def __init__(self, share: float) -> None:
        super().__init__(stats.Quantile(share))
        self.share = share

    @property
    def name(self) -> str:
        """Its name with the share."""
        return f"{type(self).__name__}({self.share!r})"
