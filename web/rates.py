"""Rates: how often somebody may do something, known from memory."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

# Beyond that many, those who have waited long enough are forgotten.
_MANY = 10_000


class Named(Protocol):
    """Somebody, as far as a rate is concerned."""

    @property
    def name(self) -> str:
        """Their name."""

    @property
    def kind(self) -> str:
        """What has this name."""


class Rate(NamedTuple):
    """So many times in so many seconds."""

    n: int
    seconds: float


class Rates:
    """The rates by scope, and how much of them everybody has used: in this process.

    The generic cell rate algorithm (ITU-T I.371): a whole rate's worth may come at once, and then one each
    time that its share of the seconds has passed. Any thread may ask.

    >>> from types import SimpleNamespace
    >>> now = 0.0
    >>> rates = Rates({"manage": Rate(2, 60.0)}, clock=lambda: now)
    >>> somebody = SimpleNamespace(kind="token", name="a")
    >>> [rates.wait(somebody, "manage") for _ in range(3)]
    [0, 0, 30]
    >>> now = 30.0
    >>> rates.wait(somebody, "manage"), rates.wait(somebody, "manage"), rates.wait(somebody, "read")
    (0, 30, 0)
    """

    def __init__(self, by_scope: Mapping[str, Rate], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_scope = by_scope
        self._clock = clock
        self._lock = threading.Lock()
        # When all that was used will have been given back.
        self._free_at: dict[tuple[str, str, str], float] = {}

    def wait(self, who: Named, scope: str) -> int:
        """Use one of a scope's rate; 0, or the seconds after which there is one, and then none is used."""
        rate = self._by_scope.get(scope)
        if rate is None:
            return 0
        # By name: a session that is looked up again is another object.
        key = (who.kind, who.name, scope)
        now = self._clock()
        with self._lock:
            free_at = max(now, self._free_at.get(key, now)) + rate.seconds / rate.n
            # Sums of fractions may be a little too large.
            late = free_at - now - rate.seconds - 1e-6
            if late > 0:
                return math.ceil(late)
            if len(self._free_at) >= _MANY and key not in self._free_at:
                self._free_at = {other: at for other, at in self._free_at.items() if at > now}
            self._free_at[key] = free_at
        return 0
