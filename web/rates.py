"""Rates: how often somebody may do something, known from memory."""

import math
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from typing import NamedTuple, Protocol

# Beyond that many, those who have waited long enough are forgotten.
_MANY = 10_000
_PERIODS = {
    "second": 1.0, "s": 1.0, "minute": 60.0, "m": 60.0, "hour": 3600.0, "h": 3600.0,
}  # fmt: skip
_WRITTEN = re.compile(r"(?:(\w+|/[^\s=,]*)\s*=\s*)?([0-9]{1,9})\s*/\s*(\w+)")
#: What is limited where nothing is named: all that somebody asks, together.
EVERYTHING = ""


class Named(Protocol):
    """Somebody, as far as a rate is concerned."""

    @property
    def name(self) -> str:
        """Their name."""

    @property
    def kind(self) -> str:
        """What has this name."""


class Address(NamedTuple):
    """Somebody who is not known, by where they ask from."""

    name: str
    kind: str = "address"


class Rate(NamedTuple):
    """So many times in so many seconds."""

    n: int
    seconds: float


def read_rate(text: str, scopes: Collection[str]) -> tuple[str, Rate]:
    """Return what is limited, and how often it may be; raises ValueError.

    >>> read_rate("predict=100/second", ["predict"])
    ('predict', Rate(n=100, seconds=1.0))
    >>> read_rate("/api/learn=5/m", ["predict"]), read_rate("9/hour", ["predict"])
    (('/api/learn', Rate(n=5, seconds=60.0)), ('', Rate(n=9, seconds=3600.0)))
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None or match[3] not in _PERIODS or int(match[2]) < 1:
        raise ValueError("not a rate")
    what = match[1] or EVERYTHING
    if what and not what.startswith("/") and what not in scopes:
        raise ValueError("not a scope")
    return what, Rate(int(match[2]), _PERIODS[match[3]])


class Limit(NamedTuple):
    """A rate, and in words what it is the rate of, and who has set it."""

    rate: Rate
    of: str
    by: str


def limits(rates: Mapping[str, Rate], *, by: str, route_of: Callable[[str], str | None]) -> dict[str, Limit]:
    """Return limits by scope or route, of rates by scope or address; raises ValueError for no address.

    >>> limits({"read": Rate(1, 1.0)}, by="see RATE_LIMITS", route_of=lambda address: address)
    {'read': Limit(rate=Rate(n=1, seconds=1.0), of="under the scope 'read'", by='see RATE_LIMITS')}
    """
    found: dict[str, Limit] = {}
    for what, rate in rates.items():
        if not what.startswith("/"):
            of = f"under the scope '{what}'" if what else "in all"
            found[what] = Limit(rate, of, by)
            continue
        route = route_of(what)
        if route is None:
            raise ValueError(f"'{what}' is no address of the API")
        if route in found:
            raise ValueError(f"'{what}' is an address that is there already, written otherwise")
        found[route] = Limit(rate, f"at {what}", by)
    return found


class Late(NamedTuple):
    """A limit that somebody has used up for so many `seconds`."""

    seconds: int
    limit: Limit

    def __str__(self) -> str:
        return f"This is asked too often {self.limit.of}: try again after {self.seconds} s ({self.limit.by})."


_Key = tuple[str, str, str]


class Rates:
    """The limits of everybody, and how much of them each has used: in this process.

    The generic cell rate algorithm (ITU-T I.371): a whole rate's worth may come at once, and then one each
    time that its share of the seconds has passed. Any thread may ask.
    """

    def __init__(self, limits: Mapping[str, Limit], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`limits` are by scope, or by route; of everything together by `EVERYTHING`."""
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        # When all that was used will have been given back.
        self._free_at: dict[_Key, float] = {}
        self._forgets_at = _MANY

    def meter(self, who: Named, route: str, own: Mapping[str, Limit]) -> "Meter | None":
        """Return what counts how often somebody asks at a route; None: nothing limits them there.

        Each of their `own` limits takes the place of that for everybody.
        """
        if not self._limits and not own:
            return None
        meter = Meter(self, who, route, {**self._limits, **own} if own else self._limits)
        return meter if meter.limits_something else None

    def take(self, buckets: Collection[tuple[_Key, Limit]]) -> Late | None:
        """Use one of each limit; where one has none left, none of any is used."""
        now = self._clock()
        with self._lock:
            free_at = {}
            for key, limit in buckets:
                n, seconds = limit.rate
                free_at[key] = at = max(now, self._free_at.get(key, now)) + seconds / n
                # Sums of fractions may be a little too large.
                late = at - now - seconds - 1e-6
                if late > 0:
                    return Late(math.ceil(late), limit)
            if len(self._free_at) >= self._forgets_at:
                self._free_at = {other: at for other, at in self._free_at.items() if at > now}
                # Not at each request, where most of them are to be remembered still.
                self._forgets_at = max(_MANY, 2 * len(self._free_at))
            self._free_at.update(free_at)
        return None


class Meter:
    """Counts how often somebody asks at one route.

    >>> now = 0.0
    >>> by_scope = limits({"read": Rate(2, 60.0)}, by="see RATE_LIMITS", route_of=str)
    >>> rates = Rates(by_scope, clock=lambda: now)
    >>> meter = rates.meter(Address("10.0.0.7"), "/api/models", {})
    >>> [meter.use("read") for _ in range(2)], meter.use("read").seconds
    ([None, None], 30)
    >>> now = 30.0
    >>> meter.use("read"), meter.use("read").seconds, meter.use("learn")
    (None, 30, None)
    """

    __slots__ = ("_buckets", "_common", "_limits", "_rates", "_who")

    def __init__(self, rates: Rates, who: Named, route: str, limits: Mapping[str, Limit]) -> None:
        # By name: a session that is looked up again is another object.
        self._who = (who.kind, who.name)
        self._rates = rates
        self._limits = limits
        self._common = [what for what in (EVERYTHING, route) if what in limits]
        self._buckets: dict[tuple[str, ...], list[tuple[_Key, Limit]]] = {}

    @property
    def limits_something(self) -> bool:
        """Say whether anything that is asked at the route may be too often."""
        return bool(self._common) or any(not what.startswith("/") for what in self._limits)

    def use(self, *scopes: str) -> Late | None:
        """Count something that needs the scopes; what is too often is not counted."""
        buckets = self._buckets.get(scopes)
        if buckets is None:
            limited = [*self._common, *(scope for scope in scopes if scope in self._limits)]
            buckets = [((*self._who, what), self._limits[what]) for what in limited]
            self._buckets[scopes] = buckets
        return self._rates.take(buckets) if buckets else None


#: What counts what is asked in the request being served; None: nothing limits it.
current_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)
