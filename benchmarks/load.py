"""The load generator: keep-alive connections that send prebuilt requests, each when the last is answered.

It does as little as it can: one core has to make more load than any server answers. `report` shows what it
reaches against `canned_server`, which answers at once.
"""

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from typing import cast

import uvloop

#: Status and body.
Answer = tuple[int, bytes]
#: Yields requests, is sent their answers.
Script = Generator[bytes, Answer, None]

_LENGTH = b"content-length:"


class LoadError(Exception):
    """The load could not be made: a connection broke, an answer never came."""


class HttpConnection(asyncio.Protocol):
    """One connection that works through a script."""

    def __init__(self, script: Script) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._script = script
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        self._transport = cast("asyncio.Transport", transport)

    def start(self) -> None:
        """Send the first request."""
        self._send(lambda: next(self._script))

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of it, and send the next request."""
        data = self._received + data if self._received else data
        try:
            answer = parse_answer(data)
        except ValueError as error:
            self._end(LoadError(f"no HTTP: {error}"))
            return
        if answer is None:
            self._received = data
            return
        self._received = b""
        self._send(lambda: self._script.send(answer))

    def connection_lost(self, error: Exception | None) -> None:
        """Give up."""
        self._end(LoadError(f"the server closed the connection: {error}"))

    def _send(self, step: Callable[[], bytes]) -> None:
        assert self._transport is not None
        try:
            request = step()
        except StopIteration:
            self._end(None)
        except Exception as error:
            self._end(error)
        else:
            self._transport.write(request)

    def _end(self, error: Exception | None) -> None:
        if self.finished.done():
            return
        if error is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(error)
        assert self._transport is not None
        self._transport.close()


def parse_answer(data: bytes) -> Answer | None:
    """Return status and body of an HTTP/1.1 answer with a length, None while it is incomplete.

    >>> parse_answer(b"HTTP/1.1 201 Created\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    (201, b'{}')
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if at < 0:
        raise ValueError(f"an answer without a length: {data[:end]!r}")
    line_end = head.find(b"\r", at)
    length = int(head[at + len(_LENGTH) : line_end if line_end >= 0 else end])
    if len(data) < end + 4 + length:
        return None
    return int(head[9:12]), data[end + 4 : end + 4 + length]


def drive(port: int, scripts: Sequence[Script], *, timeout: float) -> float:
    """Work through the scripts, each on a connection of its own; return the seconds from first to last.

    Raises `LoadError` where a connection breaks or it takes longer than `timeout` seconds.
    """
    return uvloop.run(_drive(port, scripts, timeout))


async def _drive(port: int, scripts: Sequence[Script], seconds: float) -> float:
    connections = [await _connect(port, script) for script in scripts]
    started = time.perf_counter()
    for connection in connections:
        connection.start()
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(connection.finished for connection in connections))
    except TimeoutError:
        raise LoadError(f"not finished after {seconds:.0f} s") from None
    return time.perf_counter() - started


async def _connect(port: int, script: Script) -> HttpConnection:
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(lambda: HttpConnection(script), "127.0.0.1", port))[1]
