"""Quantiles of the last values of something."""

from collections.abc import Sequence

from river import stats


def quantiles(values: Sequence[float], shares: Sequence[float]) -> list[float | None]:
    """Return for each share what that share of the values does not exceed, None where there are no values.

    Between two values it lies as far as the share does: `river.stats.RollingQuantile` says so.

    >>> quantiles([3.0, 1.0, 2.0], [0.5, 0.75])
    [2.0, 2.5]
    >>> quantiles([], [0.5])
    [None]
    """
    return [_quantile(values, share) for share in shares]


def _quantile(values: Sequence[float], share: float) -> float | None:
    if not values:
        return None
    quantile = stats.RollingQuantile(share, window_size=len(values))
    for value in values:
        quantile.update(value)
    return float(quantile.get())
