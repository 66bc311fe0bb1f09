"""Metrics of recommendations: of ratings, and of rankings by the item that was taken.

A metric sees both, and takes what is its own: a prediction that is a list is a ranking, the best item first.
Without anything of its own it has no value.
"""

import math
from typing import Any

from river import metrics, stats

#: An item of a ranking; its type counts.
Item = int | str
# How many of the best items a client is taken to look at.
_K = 10


def place_of(item: Item, ranking: list[Any]) -> int | None:
    """Return the place of an item in a ranking, from 1; None: it is not in it.

    >>> place_of("b", ["a", "b"]), place_of(1, ["1", 2])
    (2, None)
    """
    return ranking.index(item) + 1 if item in ranking else None


class _OfRatings(metrics.base.MeanMetric, metrics.base.RegressionMetric):  # type: ignore[misc]  # no types
    """A mean over the ratings that were predicted."""

    def update(self, y_true: Any, y_pred: Any, w: float = 1.0) -> None:
        """Take a rating; a ranking is passed over."""
        if not isinstance(y_pred, list):
            super().update(y_true, y_pred, w)

    def get(self) -> float | None:
        """Return the value; None where no rating was predicted."""
        return float(super().get()) if self._mean.n else None


class MAE(_OfRatings, metrics.MAE):  # type: ignore[misc]
    """The mean absolute error of ratings.

    >>> mae = MAE()
    >>> mae.update(4.0, 3.5)
    >>> mae.update("a", ["a", "b"])
    >>> mae.get()
    0.5
    """


class RMSE(_OfRatings, metrics.RMSE):  # type: ignore[misc]
    """The root mean squared error of ratings."""


class _OfRankings(metrics.base.Metric):  # type: ignore[misc]
    """A mean over the rankings of which an item was taken."""

    bigger_is_better = True

    def __init__(self) -> None:
        self._mean = stats.Mean()

    def update(self, y_true: Any, y_pred: Any) -> None:
        """Take a ranking, and the item that was taken; a rating is passed over."""
        if isinstance(y_pred, list):
            place = place_of(y_true, y_pred)
            self._mean.update(0.0 if place is None else self._gain(place))

    def get(self) -> float | None:
        """Return the value; None where nothing was taken of a ranking."""
        return float(self._mean.get()) if self._mean.n else None

    def revert(self, y_true: Any, y_pred: Any) -> None:
        """Take back an update."""
        if isinstance(y_pred, list):
            place = place_of(y_true, y_pred)
            self._mean.revert(0.0 if place is None else self._gain(place))

    def works_with(self, model: object) -> bool:
        """Say whether it can score a model, as River asks."""
        return True

    def _gain(self, place: int) -> float:
        raise NotImplementedError


class MRR(_OfRankings):
    """The mean reciprocal rank of the item that was taken; 0 where it was not in the ranking.

    >>> mrr = MRR()
    >>> mrr.update("b", ["a", "b"])
    >>> mrr.update("c", ["a", "b"])
    >>> mrr.get()
    0.25
    """

    def _gain(self, place: int) -> float:
        return 1.0 / place


class HitRateAt10(_OfRankings):
    """How often the item that was taken is one of the first ten."""

    def _gain(self, place: int) -> float:
        return 1.0 if place <= _K else 0.0


class NDCGAt10(_OfRankings):
    """The normalised discounted cumulative gain of the first ten, where one item is relevant: the one taken.

    The best ranking has it first, and a gain of 1: Järvelin & Kekäläinen, 2002.

    >>> ndcg = NDCGAt10()
    >>> ndcg.update("c", ["a", "b", "c"])
    >>> ndcg.get()
    0.5
    """

    def _gain(self, place: int) -> float:
        return 1.0 / math.log2(1 + place) if place <= _K else 0.0
