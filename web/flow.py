"""Flow control of a connection: no more than there is room for, and answers in one piece."""

import asyncio
from collections.abc import Callable, Sized

#: Bytes of a body that wait for the application. Nothing more is read meanwhile.
HIGH_WATER = 1 << 16


class Flow:
    """Flow control; it reads nothing more while whole requests wait for their turn."""

    __slots__ = ("_pipeline", "_transport", "_writable", "read_paused", "write_paused")

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        self._transport = transport
        self._pipeline = pipeline
        self._writable = asyncio.Event()
        self._writable.set()
        self.read_paused = False
        self.write_paused = False

    async def drain(self) -> None:
        """Wait until there is room for more of an answer."""
        await self._writable.wait()

    def pause_reading(self) -> None:
        """Read no more for now."""
        if not self.read_paused:
            self.read_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on, unless there is something to do first."""
        if self.read_paused and not self._pipeline:
            self.read_paused = False
            self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Have who answers wait."""
        if not self.write_paused:
            self.write_paused = True
            self._writable.clear()

    def resume_writing(self) -> None:
        """Have nobody wait any more."""
        if self.write_paused:
            self.write_paused = False
            self._writable.set()


class JoiningTransport:
    """A transport for one answer, which puts its head and the body after it into one packet.

    Each write is a system call, the dearest part of a short answer, and wakes the client. A head whose body
    does not follow in the same step of the event loop is sent at the end of the step. `finish` closes the
    connection once all is written.
    """

    __slots__ = ("_begun", "_finish", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport, finish: Callable[[], None]) -> None:
        self._transport = transport
        self._finish = finish
        self._begun = False
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send, the first data together with what comes after it."""
        if self._begun:
            self._transport.write(self._take() + data)
        else:
            self._begun = True
            self._head = data
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Send the head if it still waits."""
        if self._head:
            self._transport.write(self._take())

    def close(self) -> None:
        """Close the transport, once everything is sent."""
        self.flush()
        self._finish()

    def is_closing(self) -> bool:
        """Say whether the transport is closed or being closed."""
        return self._transport.is_closing()

    def _take(self) -> bytes:
        head, self._head = self._head, b""
        return head
