"""Quantiles as they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from models_app.domain.quantiles import quantiles

SHARES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of the last `n` durations, in seconds; None where there are none."""

    n: int
    p50: float | None
    p90: float | None
    p99: float | None

    @classmethod
    def of(cls, durations: Sequence[float]) -> "Quantiles":
        """Return those of durations in seconds.

        >>> Quantiles.of([1.0, 2.0, 3.0]).p50
        2.0
        """
        return cls(len(durations), *quantiles(durations, SHARES))
