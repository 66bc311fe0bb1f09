"""How many streams may be open at a time: over all, and of one client."""

from collections import Counter
from collections.abc import Callable

from django.conf import settings

from models_app.domain.errors import ChantillyError

UNKNOWN_CLIENT = "unknown"


class TooManyStreams(ChantillyError):
    """As many streams are open as the settings allow."""

    code = "too_many_streams"


class Seats:
    """Counts the open streams of a kind; for one event loop.

    >>> seats = Seats("listeners", limits=lambda: (2, 1))
    >>> leave = seats.take("10.0.0.7")
    >>> seats.take("10.0.0.7")
    Traceback (most recent call last):
    ...
    models_app.api.seats.TooManyStreams: 1 listeners of one client are the most (see STREAMS_MAX_PER_CLIENT).
    >>> leave(); leave()
    >>> len(seats)
    0
    """

    def __init__(self, kind: str, *, limits: Callable[[], tuple[int, int]] | None = None) -> None:
        self._kind = kind
        self._limits = limits or _limits
        self._by_client: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._by_client.total()

    def take(self, client: str) -> Callable[[], None]:
        """Take a seat and return how it is left, any number of times; raises `TooManyStreams`."""
        limit, limit_of_client = self._limits()
        if len(self) >= limit:
            raise TooManyStreams(f"{limit} {self._kind} are the most (see STREAMS_MAX).")
        if self._by_client[client] >= limit_of_client:
            raise TooManyStreams(
                f"{limit_of_client} {self._kind} of one client are the most (see STREAMS_MAX_PER_CLIENT)."
            )
        self._by_client[client] += 1
        has_left = False

        def leave() -> None:
            nonlocal has_left
            if not has_left:
                has_left = True
                self._by_client[client] -= 1
                if not self._by_client[client]:
                    del self._by_client[client]

        return leave


def client_of(scope: object) -> str:
    """Return the address that a connection came from, as far as it is known."""
    client = scope.get("client") if isinstance(scope, dict) else None
    return str(client[0]) if client else UNKNOWN_CLIENT


def _limits() -> tuple[int, int]:
    return settings.STREAMS_MAX, settings.STREAMS_MAX_PER_CLIENT
