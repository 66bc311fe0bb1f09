"""Predictions that come with an interval: what is scored is whether the ground truth is within."""

import math
from collections.abc import Mapping
from typing import Any, Self

# Beyond, not every integer is a float.
_MAX_EXACT = 2**53


class IntervalPrediction(float):
    """A number that was predicted, and the interval in which the ground truth is expected.

    It is scored, compared and drawn as the number.

    >>> prediction = IntervalPrediction(2.5, 1.0, 4.0)
    >>> prediction + 1.0, prediction.lower, prediction.upper
    (3.5, 1.0, 4.0)
    """

    __slots__ = ("lower", "upper")

    def __new__(cls, number: float, lower: float, upper: float) -> Self:
        """`number` need not be within."""
        made = super().__new__(cls, number)
        made.lower, made.upper = lower, upper
        return made

    lower: float
    upper: float

    def __reduce__(self) -> tuple[object, ...]:
        return IntervalPrediction, (float(self), self.lower, self.upper)


def surrounded(prediction: Any, interval: Mapping[Any, Any]) -> Any:
    """Return a prediction with its interval, from `lower` to `upper`; as it is where one is no number.

    >>> surrounded(2.5, {"lower": 1, "upper": 4.0}).upper
    4.0
    >>> type(surrounded(2.5, {"lower": float("nan"), "upper": 4.0}))
    <class 'float'>
    """
    numbers = (prediction, interval.get("lower"), interval.get("upper"))
    return IntervalPrediction(*map(float, numbers)) if all(map(_is_exact, numbers)) else prediction


def _is_exact(value: object) -> bool:
    if type(value) is int:
        return abs(value) <= _MAX_EXACT
    return type(value) is float and math.isfinite(value)
