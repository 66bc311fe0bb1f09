"""Phases of a connection, and how long they last without progress, by a check from time to time."""

import enum


class Phase(enum.Enum):
    """The event that a connection waits for."""

    #: The next request.
    IDLE = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()
    #: The application.
    ANSWER = enum.auto()
    #: The client, to take what is written.
    SENDING = enum.auto()
    #: The client, to end a request that was answered before its end.
    LINGERING = enum.auto()


class ProgressTimer:
    """A timer of a connection's phase and of its last progress, in seconds of the loop's clock."""

    __slots__ = ("_phase", "_phase_since", "_seen", "_since", "n_steps")

    def __init__(self) -> None:
        #: Counts whatever is progress.
        self.n_steps = 0
        self._phase: Phase | None = None
        self._seen: tuple[int, int] = (0, 0)
        self._phase_since = self._since = 0.0

    def check(self, now: float, phase: Phase, n_unsent: int) -> tuple[float, float]:
        """Return how long nothing has happened, and how long the phase lasts."""
        seen = (self.n_steps, n_unsent)
        if phase is not self._phase:
            self._phase, self._seen = phase, seen
            self._phase_since = self._since = now
        elif seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since, now - self._phase_since
