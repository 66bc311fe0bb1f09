"""A shard's ends of connections that are made of calls, in the event loop that takes the calls."""

import asyncio
import logging
import threading
import time
from collections import deque
from contextlib import suppress

from models_app.shards import messages
from models_app.shards.desks import Desk
from models_app.shards.messages import N_POLLS, PIECE_BYTES, POLL_SECONDS, Order
from models_app.shards.outboxes import FrameOutbox
from models_app.shards.values import Frames

logger = logging.getLogger(__name__)

# Who calls no more for so long is gone.
_GONE_SECONDS = 30.0
# Who does not fetch so much of what it has asked for is given up.
_MAX_WAITING_BYTES = 256 * 1024 * 1024


class Exchanges:
    """All of a shard's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._exchanges: dict[bytes, Exchange] = {}

    def open(self, token: bytes) -> None:
        """Have a connection of this token; those that are used no more end."""
        for other, exchange in list(self._exchanges.items()):
            if exchange.is_gone:
                self._end(other)
        self._exchanges[token] = Exchange(self._desk)

    async def answer(self, message: bytes) -> bytes:
        """Take what a call brings, and return what there is to send, or nothing after some time."""
        token, number, piece = messages.read_asked(message)
        exchange = self._exchanges.get(token)
        if exchange is None:
            return b""
        try:
            exchange.feed(number, piece)
        except ValueError as error:
            # Among them are those of msgspec.
            logger.error("a web process is not understood: %s", error)
            self._end(token)
            return b""
        return await exchange.fetch()

    def _end(self, token: bytes) -> None:
        exchange = self._exchanges.pop(token)
        self._desk.leave(exchange)


class Exchange(FrameOutbox):
    """One connection's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._frames, self._order = Frames(), Order()
        self._heard_at = time.monotonic()
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._is_closed = False
        self._is_woken = False
        self._next = 0
        self._calls: deque[asyncio.Future[bytes]] = deque()

    @property
    def is_gone(self) -> bool:
        """Say whether nobody has called for long, or there is too much that nobody fetches."""
        return self._is_closed or time.monotonic() - self._heard_at > _GONE_SECONDS

    @property
    def n_waiting_bytes(self) -> int:
        """See the base."""
        return len(self._waiting)

    def feed(self, number: int, piece: bytes) -> None:
        """Take a piece of what is asked; raises `ValueError`."""
        self._heard_at = time.monotonic()
        if data := self._order.feed(number, piece):
            for frame in self._frames.feed(data):
                self._desk.take(frame, self)

    async def fetch(self) -> bytes:
        """Return the next piece of what is to be sent; an empty one after some time, or as others wait."""
        if self._waiting:
            return self._piece()
        call: asyncio.Future[bytes] = self._loop.create_future()
        self._calls.append(call)
        if len(self._calls) > N_POLLS:
            self._let_go(self._calls[0])
        timer = self._loop.call_later(POLL_SECONDS, self._let_go, call)
        try:
            return await call
        finally:
            timer.cancel()

    def put(self, data: bytes) -> None:
        """See the base."""
        with self._lock:
            if self._is_closed:
                return
            self._waiting += data
            if len(self._waiting) > _MAX_WAITING_BYTES:
                logger.error("a web process does not fetch its answers: its connection is closed")
                self._is_closed = True
                self._waiting.clear()
            is_woken, self._is_woken = self._is_woken, True
        if not is_woken:
            with suppress(RuntimeError):
                # The loop has ended: nobody calls any more.
                self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """See the base."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
        while self._calls:
            self._let_go(self._calls[0])

    def _wake(self) -> None:
        with self._lock:
            self._is_woken = False
        while self._waiting and self._calls:
            call = self._calls.popleft()
            if not call.done():
                call.set_result(self._piece())

    def _let_go(self, call: "asyncio.Future[bytes]") -> None:
        if call in self._calls:
            self._calls.remove(call)
        if not call.done():
            call.set_result(self._piece())

    def _piece(self) -> bytes:
        with self._lock:
            piece = bytes(self._waiting[:PIECE_BYTES])
            del self._waiting[:PIECE_BYTES]
        number, self._next = self._next, self._next + 1
        return messages.answered(number, piece)
