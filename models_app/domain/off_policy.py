"""Off-policy estimates: what another policy would have earned, from the pulls of the one that was served.

Each pull must have been made with a known probability, its propensity, and the arms that the other policy
pulls must have had some. Then the reward of a pull, weighted by the other policy's probability of the arm
over the propensity, is what the other one earns in expectation, also where the policy that was served went
on learning meanwhile: each propensity is that of its own moment.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull that was rewarded.

    `share` is the other policy's probability of the arm that was pulled. What a model of rewards expected,
    before it had seen this one: `expected` of that arm, `expected_other` of the arm that the other policy
    pulls, in the mean over its arms.
    """

    reward: float
    propensity: float
    share: float
    expected: float = 0.0
    expected_other: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward and its standard error; NaN: there is none."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The estimates from `n` pulls.

    `mean_weight` is near 1 where the pulls cover what the other policy does; `effective_n` is how many pulls
    of its own would say as much as these do, by Kish.
    """

    n: int
    served: Estimate
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    mean_weight: Estimate
    effective_n: float

    @property
    def is_covered(self) -> bool:
        """Say whether the weights are in the mean what they are where the pulls cover the other policy."""
        off = abs(self.mean_weight.value - 1.0)
        return off <= 3 * self.mean_weight.standard_error + 1e-9


def estimate(pulls: Iterable[Pull]) -> Estimates:
    """Return the estimates of another policy's mean reward.

    IPS: Horvitz and Thompson (1952). SNIPS: Swaminathan and Joachims (2015), its error by the delta method.
    Doubly robust: Dudík, Langford and Li (2011).

    >>> found = estimate([Pull(1.0, 0.5, 1.0), Pull(0.0, 0.5, 0.0), Pull(1.0, 0.5, 1.0), Pull(9.0, 0.5, 0.0)])
    >>> found.ips.value, found.snips.value, found.effective_n, found.is_covered
    (1.0, 1.0, 2.0, True)
    """
    table = np.array(
        [(p.reward, p.propensity, p.share, p.expected, p.expected_other) for p in pulls], dtype=np.float64
    ).reshape(-1, 5)
    rewards, propensities, shares, expected, expected_other = table.T
    weights = shares / propensities
    heaviest = float(weights.max(initial=0.0))
    # Of these the squares are numbers, too.
    relative = weights / heaviest if heaviest else weights
    return Estimates(
        n=len(rewards),
        served=_mean(rewards),
        ips=_mean(weights * rewards),
        snips=_self_normalized(relative, rewards),
        doubly_robust=_mean(expected_other + weights * (rewards - expected)),
        mean_weight=_mean(weights),
        effective_n=float(relative.sum() ** 2 / (relative**2).sum()) if heaviest else 0.0,
    )


def _mean(values: _Numbers) -> Estimate:
    n = len(values)
    if n == 0:
        return Estimate(math.nan, math.nan)
    error = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return Estimate(float(values.mean()), error)


def _self_normalized(weights: _Numbers, rewards: _Numbers) -> Estimate:
    total = float(weights.sum())
    if not total:
        return Estimate(math.nan, math.nan)
    value = float((weights * rewards).sum()) / total
    error = math.sqrt(float((weights**2 * (rewards - value) ** 2).sum())) / total
    return Estimate(value, error if len(weights) > 1 else math.nan)


def mean_over(shares: Sequence[float], values: Sequence[float]) -> float:
    """Return the mean of values that have these probabilities.

    >>> mean_over([0.25, 0.75], [4.0, 0.0])
    1.0
    """
    return math.fsum(share * value for share, value in zip(shares, values, strict=True))
