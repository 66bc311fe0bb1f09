"""Metrics of rewards: what pulls of arms have earned."""

from collections import Counter
from typing import Any, NamedTuple

from river import metrics

# The arms pulled most have a name among the metrics: there may be any number of others.
_MOST_ARMS = 10
_LONGEST_NAME = 100


class Pulled(NamedTuple):
    """What is known of a reward: which arm it was for, as text, and the best that was to be had, if known."""

    arm: str
    best: float | None = None


class _OfRewards(metrics.base.Metric):  # type: ignore[misc]  # River has no types
    """A metric that is updated with a reward, and the pull that it is for."""

    _fmt = ",.6f"

    def __init__(self) -> None:
        self._n = 0
        self._sum = 0.0

    def update(self, y_true: float, y_pred: Pulled) -> None:
        """Take a reward."""
        self._n += 1
        self._sum += y_true

    def revert(self, y_true: float, y_pred: Pulled) -> None:
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
    >>> mean.update(1.0, Pulled("tea"))
    >>> mean.update(0.0, Pulled("tea"))
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
    >>> regret.update(1.0, Pulled("tea"))
    >>> regret.get() is None
    True
    >>> regret.update(0.5, Pulled("tea", 2.0))
    >>> regret.get()
    1.5
    """

    def update(self, y_true: float, y_pred: Pulled) -> None:
        """Take a reward."""
        if y_pred.best is not None:
            super().update(y_pred.best - y_true, y_pred)

    def revert(self, y_true: float, y_pred: Pulled) -> None:
        """Undo `update`."""
        if y_pred.best is not None:
            super().revert(y_pred.best - y_true, y_pred)

    @property
    def bigger_is_better(self) -> bool:
        """Say that less is better."""
        return False

    def get(self) -> float | None:
        """Return it; None: nothing is known."""
        return self._sum if self._n else None


class ArmShares(_OfRewards):
    """The share that each arm has in the rewarded pulls: a value for each of those pulled most.

    >>> shares = ArmShares()
    >>> for arm in ("tea", "cake", "tea", "tea"):
    ...     shares.update(1.0, Pulled(arm))
    >>> shares.parts()
    {'Share[tea]': 0.75, 'Share[cake]': 0.25}
    """

    def __init__(self) -> None:
        super().__init__()
        self._by_arm: Counter[str] = Counter()

    def update(self, y_true: float, y_pred: Pulled) -> None:
        """Count the pull."""
        super().update(y_true, y_pred)
        self._by_arm[y_pred.arm[:_LONGEST_NAME]] += 1

    def revert(self, y_true: float, y_pred: Pulled) -> None:
        """Undo `update`."""
        super().revert(y_true, y_pred)
        self._by_arm -= Counter([y_pred.arm[:_LONGEST_NAME]])

    def get(self) -> float:
        """Return the number of arms: the shares are its `parts`."""
        return float(len(self._by_arm))

    def parts(self) -> dict[str, float | None]:
        """Return the shares by name, the largest first."""
        arms = sorted(self._by_arm.items(), key=lambda each: (-each[1], each[0]))
        return {f"Share[{arm}]": n / self._n for arm, n in arms[:_MOST_ARMS]}
