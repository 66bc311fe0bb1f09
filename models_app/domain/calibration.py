"""Calibration: of what was called 80 % probable, did four in five come true?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from models_app.domain.predictions import Label, Prediction, Probabilities, is_scorable
from models_app.domain.scoring import GroundTruth

N_BINS = 10

#: What was said to be how probable, and whether it came true.
Claim = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Bin:
    """`n` claims of a probability from `lowest` to `highest`.

    `claimed` is their mean, `observed` the share that came true; None where there are none.
    """

    lowest: float
    highest: float
    n: int
    claimed: float | None
    observed: float | None


def claim(
    y_true: GroundTruth, y_pred: Prediction, find_label: Callable[[Probabilities], Label]
) -> Claim | None:
    """Return what a classification claimed: how probable the label is that `find_label` finds.

    None: it claimed nothing, or no probability.

    >>> from models_app.domain.predictions import most_probable
    >>> claim(False, {True: 0.8, False: 0.2}, lambda y_pred: True)
    (0.8, False)
    >>> claim("cat", {"cat": 0.7, "dog": 0.3}, most_probable)
    (0.7, True)
    >>> claim("cat", {}, most_probable)
    """
    if not is_scorable(y_pred) or not isinstance(y_pred, dict):
        return None
    label = find_label(y_pred)
    share = y_pred.get(label)
    if share is None and (other := y_pred.get(False)) is not None:
        # Of two labels one is enough.
        share = 1 - other
    return (float(share), y_true == label) if share is not None and 0 <= share <= 1 else None


def reliability(claims: Iterable[Claim]) -> list[Bin]:
    """Return the claims by their probability, in bins of one width: the points of a reliability diagram.

    Where `observed` is `claimed`, probabilities can be taken at their word (Niculescu-Mizil and Caruana,
    "Predicting good probabilities with supervised learning", 2005).

    >>> [found for found in reliability([(0.75, True), (0.75, False), (1.0, True)]) if found.n]
    [Bin(lowest=0.7, highest=0.8, n=2, claimed=0.75, observed=0.5),
     Bin(lowest=0.9, highest=1.0, n=1, claimed=1.0, observed=1.0)]
    """
    bins: list[list[Claim]] = [[] for _ in range(N_BINS)]
    for share, came_true in claims:
        bins[min(int(share * N_BINS), N_BINS - 1)].append((share, came_true))
    return [_bin(number, found) for number, found in enumerate(bins)]


def expected_error(bins: Sequence[Bin]) -> float | None:
    """Return how far claimed and observed are apart, weighted by the number of claims; None: there are none.

    The expected calibration error of Naeini, Cooper and Hauskrecht ("Obtaining well calibrated probabilities
    using Bayesian binning", 2015).

    >>> expected_error(reliability([(0.75, True), (0.75, False), (1.0, True), (1.0, True)]))
    0.125
    """
    n = sum(found.n for found in bins)
    if n == 0:
        return None
    return sum(
        found.n * abs(found.observed - found.claimed)
        for found in bins
        if found.observed is not None and found.claimed is not None
    ) / n  # fmt: skip


def _bin(number: int, claims: Sequence[Claim]) -> Bin:
    n = len(claims)
    return Bin(
        lowest=number / N_BINS,
        highest=(number + 1) / N_BINS,
        n=n,
        claimed=sum(share for share, _ in claims) / n if n else None,
        observed=sum(came_true for _, came_true in claims) / n if n else None,
    )
