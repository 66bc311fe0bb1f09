"""WebSockets, with limits."""

from typing import Any

from web.limits import Limits, hurried
from web.phases import Phase
from web.uvicorn_parts.sockets import SocketConnection

_GOING_AWAY = 1001


class SocketProtocol(SocketConnection):
    """A connection that ends where its client has been silent or deaf for too long."""

    def __init__(self, *args: Any, limits: Limits | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limits = limits or Limits()

    def look(self, now: float, *, hurry: bool = False) -> None:
        """Close the connection if its client has been silent or deaf for too long.

        `now` is on the event loop's clock; while the server stops it is in a hurry.
        """
        limits = hurried(self._limits) if hurry else self._limits
        n_unsent = self.transport.get_write_buffer_size()
        is_sending = bool(n_unsent) or self.transport.is_closing()
        phase = Phase.SENDING if is_sending else Phase.ANSWER if self.read_paused else Phase.IDLE
        silent, _ = self.progress.check(now, phase, n_unsent)
        if phase is Phase.SENDING and silent >= limits.send_seconds:
            self.transport.abort()
        elif phase is Phase.IDLE and self.handshake_complete and silent >= limits.rest_seconds and not hurry:
            self.leave(_GOING_AWAY, f"There was no message for {limits.rest_seconds:g} s.")
