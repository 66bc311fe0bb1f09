"""Limits of open streams: over all, and of one client."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from django.conf import settings

UNKNOWN_CLIENT = "unknown"


class Seats:
    """Counts the open streams of a kind. Thread-safe."""

    def __init__(
        self,
        kind: str,
        *,
        full: Callable[[str], Exception],
        limits: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        """`full` makes the error that says why nobody else gets a seat."""
        self._kind = kind
        self._full = full
        self._limits = limits or _limits
        self._by_client: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._by_client.total()

    def take(self, client: str) -> Callable[[], None]:
        """Take a seat and return how it is left, any number of times; raises `full`."""
        limit, limit_of_client = self._limits()
        with self._lock:
            if len(self) >= limit:
                raise self._full(f"{limit} {self._kind} are the most (see STREAMS_MAX).")
            if self._by_client[client] >= limit_of_client:
                raise self._full(
                    f"{limit_of_client} {self._kind} of one client are the most (see STREAMS_MAX_PER_CLIENT)."
                )
            self._by_client[client] += 1
        left = iter([client])
        return lambda: self._leave(left)

    def _leave(self, left: Iterator[str]) -> None:
        with self._lock:
            for client in left:
                self._by_client[client] -= 1
                # Those that come once must not fill the memory.
                self._by_client += Counter()


def client_of(scope: object) -> str:
    """Return the address that a connection came from, as far as it is known."""
    client = scope.get("client") if isinstance(scope, dict) else None
    return str(client[0]) if client else UNKNOWN_CLIENT


def _limits() -> tuple[int, int]:
    return settings.STREAMS_MAX, settings.STREAMS_MAX_PER_CLIENT
