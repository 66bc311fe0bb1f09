"""Ends of connections: refused, silent for too long, answered early, or with the server's stop."""

import asyncio
import logging
from typing import Any

from web import refusals
from web.limits import Limits, hurried
from web.phases import Phase, ProgressTimer
from web.refusals import Refusal
from web.short_cycle import ShortCycle
from web.uvicorn_parts.connections import Cycle, HttpConnection

logger = logging.getLogger(__name__)

# Connections beyond the limit that are still answered so; further ones are dropped.
_SURPLUS = 100
# While the server stops, for a client that does not read a stream.
_FOLLOWING_SECONDS = 0.1


class EndingProtocol(HttpConnection):
    """A connection with limits, and an end that clients can read.

    There is no timer: who owns the connections calls `look` of each, about once a second.
    """

    def __init__(self, *args: Any, limits: Limits | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limits = limits or Limits()
        self._progress = ProgressTimer()
        self._is_in_head = False
        self._is_in_body = False
        #: Whether what comes is dropped.
        self._is_deaf = False
        self._is_lingering = False
        self._is_surplus = False
        self._running: Cycle | None = None
        #: What is said after the answers under way.
        self._last_words: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the server calls this."""
        super().connection_made(transport)
        excess = len(self.connections) - self._limits.connections
        self._is_surplus = excess > 0
        if excess > _SURPLUS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self._running is not None:
            # The latest may be another, which waits in the pipeline.
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        # Each holds the other.
        self.cycle = self._running = None

    def shutdown(self) -> None:
        """Close the connection, after the answer that is under way; the server calls this when it stops."""
        cycle: object = self.cycle
        if isinstance(cycle, ShortCycle) and cycle.asked is None and not cycle.response_complete:
            # Its body is not here yet, and nothing has been done.
            self.transport.close()
        elif not self._is_deaf:
            super().shutdown()

    def begin(self, cycle: Cycle) -> None:
        """Have the application answer a request."""
        self._running = cycle
        self.connection.rests = self.connection.follows = False
        super().begin(cycle)

    def on_response_complete(self) -> None:
        """Go on with what was pipelined, or rest."""
        self.server_state.total_requests += 1
        self._progress.n_steps += 1
        if self._is_lingering or self.transport.is_closing():
            return
        if self.pipeline:
            self.begin(self.pipeline.pop())
        elif self._is_in_body and self.cycle.response_started:
            # It was answered before its end.
            self._finish()
        elif self._last_words is not None:
            self._say_last_words(self._last_words)
        self.flow.resume_reading()

    # Refusals and ends

    def _refuse(self, refusal: Refusal) -> None:
        """Read no further, and say why after what is under way."""
        logger.debug("a connection from %s is closed: %s", self.client, refusal.message)
        self._is_deaf = True
        self._last_words = refusal
        cycle: Any = self.cycle
        if isinstance(cycle, ShortCycle) and cycle.more_body:
            # Nothing has been done.
            self.cycle = cycle = None
        if cycle is None or cycle.response_complete:
            self._say_last_words(refusal)
        elif self._is_in_body and self.pipeline:
            # The latest came first, and has not begun.
            self.pipeline.popleft()
        elif self._is_in_body:
            cycle.cut()

    def _say_last_words(self, refusal: Refusal) -> None:
        self.transport.write(refusal.answer(self.server_state.default_headers))
        self._finish()

    def _finish(self) -> None:
        """Close the connection after what is written, and let the client read it.

        To close with something unread resets the connection, and the client loses the answer. So what comes
        is read and dropped for a while; a client that goes on after that finds the other end closed in good
        order, and reads.
        """
        if self._is_lingering or self.transport.is_closing():
            return
        if not (self._is_in_body or self._is_in_head or self._is_deaf):
            self.transport.close()
            return
        self._is_lingering = self._is_deaf = True
        self.pipeline.clear()
        self.flow.resume_reading()
        self.transport.write_eof()

    # Looks from outside

    def look(self, now: float, *, hurry: bool = False) -> None:
        """Close the connection if its client has been silent, slow or deaf for too long.

        `now` is on the event loop's clock; while the server stops it is in a hurry.
        """
        limits = hurried(self._limits) if hurry else self._limits
        n_unsent = self.transport.get_write_buffer_size()
        phase = self._phase(n_unsent)
        silent, total = self._progress.check(now, phase, n_unsent)
        match phase:
            case Phase.SENDING if silent >= self._send_seconds(limits, hurry=hurry):
                self.transport.abort()
            case Phase.LINGERING if silent >= limits.linger_silent_seconds or total >= limits.linger_seconds:
                self.transport.close()
            case Phase.IDLE if silent >= self._idle_seconds(limits):
                self.transport.close()
            case Phase.HEAD if total >= limits.head_seconds:
                self._refuse(refusals.too_slow("head"))
            case Phase.BODY if silent >= self._body_seconds(limits):
                self._refuse(refusals.too_slow("body"))

    def _phase(self, n_unsent: int) -> Phase:
        is_answered = self.cycle is None or self.cycle.response_complete
        if self.transport.is_closing():
            return Phase.SENDING
        if self._is_lingering:
            return Phase.LINGERING
        if self._is_in_body and not (self._is_deaf or is_answered or self.flow.read_paused):
            return Phase.BODY
        if n_unsent:
            return Phase.SENDING
        if self._is_in_head and is_answered:
            return Phase.HEAD
        return Phase.IDLE if is_answered else Phase.ANSWER

    def _send_seconds(self, limits: Limits, *, hurry: bool) -> float:
        if self.connection.follows and hurry:
            return _FOLLOWING_SECONDS
        return limits.rest_seconds if self.connection.rests else limits.send_seconds

    def _body_seconds(self, limits: Limits) -> float:
        return limits.rest_seconds if self.connection.rests else limits.body_seconds

    def _idle_seconds(self, limits: Limits) -> float:
        return limits.linger_silent_seconds if self._is_surplus else limits.idle_seconds
