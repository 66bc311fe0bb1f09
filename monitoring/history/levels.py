"""Levels of history: the older, the coarser."""

from dataclasses import dataclass

_HOUR = 3_600.0
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Level:
    """One sample every `step_seconds`, for `kept_seconds`; None: for good."""

    step_seconds: float
    kept_seconds: float | None


#: From the finest to the coarsest. Of what is sampled, the finest keeps all.
LEVELS = (
    Level(0.0, _HOUR),
    Level(60.0, _DAY),
    Level(900.0, 30 * _DAY),
    Level(4 * _HOUR, 365 * _DAY),
    Level(_DAY, None),
)


def level_of(time: float, previous: float | None) -> int:
    """Return the coarsest level that keeps a sample: it is the first in one of that level's steps.

    Times are in seconds since the epoch; `previous` is the sample before it, None if there is none.

    >>> level_of(120.0, 118.0), level_of(118.0, 116.0), level_of(86_400.0, 86_398.0), level_of(5.0, None)
    (1, 0, 4, 4)
    """
    if previous is None:
        return len(LEVELS) - 1
    for number in range(len(LEVELS) - 1, 0, -1):
        step = LEVELS[number].step_seconds
        if time // step != previous // step:
            return number
    return 0
