"""Residuals of a regression: by how much the ground truth was above what was predicted."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# What is beyond comes from a model that has gone astray: no chart has room for it.
_LARGEST = 1e100
# More bars than that cannot be distinguished on a telephone.
_MAX_BINS = 30
# What differs by less is the same.
_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True)
class Bin:
    """`n` residuals from `lowest` up to but not including `highest`; None: no limit on that side."""

    lowest: float | None
    highest: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread of residuals: their mean, and the limits that have half and nine tenths of them within."""

    mean: float
    half: tuple[float, float]
    most: tuple[float, float]


def residual(y_true: float, y_pred: float) -> float | None:
    """Return the ground truth less the prediction; None: it is too large for a chart.

    >>> residual(3.0, 2.5), residual(1e308, -1e308)
    (0.5, None)
    """
    try:
        difference = float(y_true) - float(y_pred)
    except OverflowError:
        # An integer of hundreds of digits.
        return None
    return difference if abs(difference) < _LARGEST else None


def spread(residuals: Sequence[float]) -> Spread:
    """Return how they are spread; there must be one at least.

    >>> spread([-2.0, -1.0, 0.0, 1.0, 7.0])
    Spread(mean=1.0, half=(-1.0, 1.0), most=(-1.8, 5.8))
    """
    cuts = _cuts(residuals, 20)
    return Spread(statistics.fmean(residuals), (cuts[4], cuts[14]), (cuts[0], cuts[-1]))


def histogram(residuals: Sequence[float]) -> list[Bin]:
    """Count residuals in bins of one width, with round limits.

    The width follows the rule of Freedman and Diaconis ("On the histogram as a density estimator", 1981),
    twice the interquartile range over the cube root of the number, rounded up to 1, 2 or 5 times a power of
    ten. The lowest and the highest hundredth may lie far out: the bins at the ends have no limit.

    >>> [(found.lowest, found.highest, found.n) for found in histogram([0.1, 0.2, 0.3, 0.4, 0.6, 0.9])]
    [(None, 0.5, 4), (0.5, None, 2)]
    >>> histogram([2.0])
    [Bin(lowest=None, highest=None, n=1)]
    """
    if not residuals:
        return []
    cuts = _cuts(residuals, 100)
    width = _width(residuals, cuts)
    first, last = math.floor(cuts[0] / width), math.floor(cuts[-1] / width)
    counts = Counter(min(max(math.floor(value / width), first), last) for value in residuals)
    return [
        Bin(
            None if number == first else _rounded(number, width),
            None if number == last else _rounded(number + 1, width),
            counts[number],
        )
        for number in range(first, last + 1)
    ]


def _width(residuals: Sequence[float], cuts: Sequence[float]) -> float:
    by_rule = (cuts[74] - cuts[24]) * 2 / len(residuals) ** (1 / 3)
    least = (cuts[-1] - cuts[0]) / (_MAX_BINS - 2)
    return _round_up(max(by_rule, least, _RELATIVE * abs(cuts[0]), _RELATIVE * abs(cuts[-1]))) or 1.0


def _cuts(values: Sequence[float], n: int) -> list[float]:
    # To `statistics` one value alone has no quantiles.
    return statistics.quantiles(values if len(values) > 1 else [*values, *values], n=n, method="inclusive")


def _round_up(width: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten; 0 stays.

    >>> _round_up(0.3), _round_up(20.0), _round_up(600.0), _round_up(0.0)
    (0.5, 20.0, 1000.0, 0.0)
    """
    if width == 0:
        return 0.0
    power = math.floor(math.log10(width))
    return next(found for digit in "1 2 5 10".split() if (found := float(f"{digit}e{power}")) >= width)


def _rounded(number: int, width: float) -> float:
    """Return `number * width` without the digits that the multiplication adds.

    >>> 3 * 0.1, _rounded(3, 0.1)
    (0.30000000000000004, 0.3)
    """
    return float(f"{number * width:.12g}")
