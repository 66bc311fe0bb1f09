"""Clocks: the time of day, which somebody may set, and one that only goes on, for how long things take."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Clocks of processes on several machines may differ by that much.
_SLACK = timedelta(minutes=1)
# What a clock may gain without having been set.
_DRIFT_SECONDS = 60.0
_DOUBT_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Both, in seconds: `now` since the epoch, `monotonic` since a time that means nothing."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def moment(self) -> datetime:
        """Return the time of day."""
        return datetime.fromtimestamp(self.now(), UTC)


class CautiousClock:
    """The time of day for who deletes what is old, or gives it up.

    A clock that was set ahead is believed when that has stood for an hour: it may be a mistake, and what is
    deleted does not come back. One that was set back is believed at once. One thread at a time asks.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.now() - clock.monotonic()
        self._doubts_since: float | None = None

    def now(self) -> float:
        """Return seconds since the epoch."""
        monotonic = self._clock.monotonic()
        offset = self._clock.now() - monotonic
        if offset > self._offset + _DRIFT_SECONDS:
            if self._doubts_since is None:
                self._doubts_since = monotonic
            if monotonic - self._doubts_since < _DOUBT_SECONDS:
                return monotonic + self._offset
        self._offset, self._doubts_since = offset, None
        return monotonic + offset

    def moment(self) -> datetime:
        """Return the same as a date."""
        return datetime.fromtimestamp(self.now(), UTC)


class LastLook:
    """The last look at rows that carry the times of their changes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: datetime | None = None

    def again(self) -> datetime | None:
        """Look now; return what time rows carry, at least, that were changed since the last look.

        None: it is the first. The clock may have been set meanwhile: a change carries the time before or
        after that.
        """
        now, before = self._clock.moment(), self._at
        self._at = now
        return None if before is None else min(before, now) - _SLACK

    def forget(self) -> None:
        """Have the next look be the first."""
        self._at = None
