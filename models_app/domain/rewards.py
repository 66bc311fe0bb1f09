"""Metrics of rewards: what pulls of arms have earned."""

from typing import Any

from river import metrics


class _OfRewards(metrics.base.Metric):  # type: ignore[misc]  # River has no types
    """A metric that is updated with a reward, and the best that was to be had where that is known."""

    _fmt = ",.6f"

    def __init__(self) -> None:
        self._n = 0
        self._sum = 0.0

    def update(self, y_true: float, y_pred: float | None) -> None:
        """Take a reward, and the best one."""
        self._n += 1
        self._sum += y_true

    def revert(self, y_true: float, y_pred: float | None) -> None:
        """Undo `update`."""
        self._n -= 1
        self._sum -= y_true

    @property
    def bigger_is_better(self) -> bool:
        """Say so of rewards."""
        return True

    def works_with(self, model: Any) -> bool:
        """Say that it takes what it is given."""
        return True


class MeanReward(_OfRewards):
    """The mean of the rewards; 0 before the first.

    >>> mean = MeanReward()
    >>> mean.update(1.0, None)
    >>> mean.update(0.0, None)
    >>> mean.get()
    0.5
    """

    def get(self) -> float:
        """Return it."""
        return self._sum / self._n if self._n else 0.0


class CumulativeReward(_OfRewards):
    """The sum of the rewards."""

    def get(self) -> float:
        """Return it."""
        return self._sum


class RewardedPulls(_OfRewards):
    """The number of the rewards."""

    def get(self) -> float:
        """Return it."""
        return float(self._n)


class Regret(_OfRewards):
    """The sum of what was missed, of the pulls for which the rewards of all arms are known.

    >>> regret = Regret()
    >>> regret.update(1.0, None)
    >>> regret.get() is None
    True
    >>> regret.update(0.5, 2.0)
    >>> regret.get()
    1.5
    """

    def update(self, y_true: float, y_pred: float | None) -> None:
        """Take a reward, and the best one."""
        if y_pred is not None:
            super().update(y_pred - y_true, None)

    def revert(self, y_true: float, y_pred: float | None) -> None:
        """Undo `update`."""
        if y_pred is not None:
            super().revert(y_pred - y_true, None)

    @property
    def bigger_is_better(self) -> bool:
        """Say that less is better."""
        return False

    def get(self) -> float | None:
        """Return it; None: nothing is known."""
        return self._sum if self._n else None
