"""A clock for tests: it goes on when it is asked to, and can be set."""

from monitoring.clocks import Clock

NOON = 1_790_000_000.0


class Timepiece:
    """The time of day, `now`, in seconds since the epoch, beside a `monotonic` clock."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.monotonic = 1_000.0
        self.clock = Clock(now=lambda: self.now, monotonic=lambda: self.monotonic)

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.monotonic += seconds

    def set_ahead(self, seconds: float) -> None:
        """Have somebody set the clock ahead; with a negative number, back."""
        self.now += seconds
