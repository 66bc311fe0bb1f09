"""Metrics of forecasts: over all steps ahead, and of one step alone."""

from collections.abc import Mapping

from river import metrics

#: Forecasts of one value, by how many steps ahead they were made.
BySteps = Mapping[int, float]


class HorizonMetric(metrics.base.RegressionMetric):  # type: ignore[misc]  # River has no types
    """A regression metric over the forecasts of each step ahead, or of `step` alone.

    It is updated with a value and what was forecast of it. River's `time_series.HorizonMetric` is updated
    with the values of a whole horizon instead, which are known when the last one is.

    >>> every, second = HorizonMetric(metrics.MAE()), HorizonMetric(metrics.MAE(), step=2)
    >>> for metric in (every, second):
    ...     metric.update(10.0, {1: 11.0, 2: 13.0})
    >>> every.name, every.get(), second.name, second.get()
    ('MAE', 2.0, 'MAE[2]', 3.0)
    """

    def __init__(self, metric: metrics.base.RegressionMetric, step: int | None = None) -> None:
        self.metric = metric
        self.step = step

    @property
    def name(self) -> str:
        """That of the metric, with the step in brackets."""
        name = type(self.metric).__name__
        return name if self.step is None else f"{name}[{self.step}]"

    def update(self, y_true: float, y_pred: BySteps) -> None:
        """Take a value, and what was forecast of it."""
        for forecast in self._of(y_pred):
            self.metric.update(y_true, forecast)

    def revert(self, y_true: float, y_pred: BySteps) -> None:
        """Undo an update."""
        for forecast in self._of(y_pred):
            self.metric.revert(y_true, forecast)

    def get(self) -> float:
        """Return the metric's value."""
        return float(self.metric.get())

    def _of(self, y_pred: BySteps) -> list[float]:
        if self.step is None:
            return list(y_pred.values())
        return [y_pred[self.step]] if self.step in y_pred else []
