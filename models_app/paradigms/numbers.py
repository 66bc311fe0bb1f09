"""Ground truths that are numbers."""

import math


def overflowing(value: float) -> str | None:
    """Return why a number cannot be scored, or None.

    >>> overflowing(1), overflowing(float("inf")), overflowing(10**400)
    (None, 'must be a finite number', 'must fit in a float')
    """
    try:
        return None if math.isfinite(value) else "must be a finite number"
    except OverflowError:
        return "must fit in a float"
