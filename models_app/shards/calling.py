"""A connection to a shard that is made of calls: arguments travel one way, answers the other."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from models_app.shards import messages
from models_app.shards.messages import N_POLLS, PIECE_BYTES, POLL_SECONDS, Order

#: Sends one message to the shard, without waiting; the future has its answer, or raises.
Send = Callable[[bytes], "Future[bytes]"]

# So long without any answer, and the shard is lost, in seconds: each is to come within `POLL_SECONDS`.
_SILENT_SECONDS = 5.0
# With so many calls under way who writes is to wait.
_MAX_CALLS = 64


class CallTransport(asyncio.Transport):
    """What a protocol writes to, and is called by, as if it had a socket; used in the loop's thread."""

    def __init__(self, send: Send, token: bytes, protocol: asyncio.Protocol) -> None:
        """`token` is that of a connection which the shard has opened."""
        super().__init__()
        self._send = send
        self._token = token
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._order = Order()
        self._next = 0
        self._n_calls = 0
        self._is_paused = False
        self._is_closed = False
        self._heard_at = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Tell the protocol, and have calls wait for answers."""
        self._protocol.connection_made(self)
        self._look()
        self._poll()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Leave it: there is a limit of calls."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send data in as many calls as it takes."""
        data = bytes(data)
        for at in range(0, len(data), PIECE_BYTES):
            self._call(data[at : at + PIECE_BYTES])
        if self._n_calls > _MAX_CALLS and not self._is_paused:
            self._is_paused = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """See the base."""
        self._lose(None)

    def abort(self) -> None:
        """See the base."""
        self._lose(None)

    def is_closing(self) -> bool:
        """See the base."""
        return self._is_closed

    def _poll(self) -> None:
        while self._n_calls < N_POLLS and not self._is_closed:
            self._call(b"")

    def _call(self, piece: bytes) -> None:
        if self._is_closed:
            return
        number, self._next = self._next, self._next + 1
        try:
            future = self._send(messages.asked(self._token, number, piece))
        except Exception as error:
            # Whatever it is: the way to the shard is none any more.
            self._lose(error)
            return
        self._n_calls += 1
        future.add_done_callback(self._hand_over)

    def _hand_over(self, future: "Future[bytes]") -> None:
        with suppress(RuntimeError):
            # The loop has ended.
            self._loop.call_soon_threadsafe(partial(self._answered, future))

    def _answered(self, future: "Future[bytes]") -> None:
        self._n_calls -= 1
        if self._is_closed:
            return
        try:
            number, piece = messages.read_answered(future.result())
        except Exception as error:
            # Lost, or started anew; it may have done what it was asked for.
            self._lose(error)
            return
        self._heard_at = time.monotonic()
        if data := self._order.feed(number, piece):
            self._protocol.data_received(data)
        if self._is_paused and self._n_calls < _MAX_CALLS // 2:
            self._is_paused = False
            self._protocol.resume_writing()
        self._poll()

    def _look(self) -> None:
        if time.monotonic() - self._heard_at > _SILENT_SECONDS:
            self._lose(TimeoutError("the shard gives no sign of life"))
        elif not self._is_closed:
            self._timer = self._loop.call_later(POLL_SECONDS, self._look)

    def _lose(self, error: Exception | None) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.call_soon(self._protocol.connection_lost, error)
