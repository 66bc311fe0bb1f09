"""Many records on one connection: an NDJSON request whose answer is read meanwhile, and a WebSocket."""

import asyncio
import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import uvloop

from benchmarks.load import LoadError

# A frame of a client is masked; with a mask of zeros it is its own masked form, and needs no work.
_NO_MASK = bytes(4)
_FINAL = 0x80
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_END_OF_CHUNKS = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Streamed:
    """The answers of a stream, and how long they took, in seconds."""

    seconds: float
    answers: list[Any]


def send_ndjson(port: int, path: str, chunks: Sequence[bytes], *, timeout: float) -> Streamed:
    """POST prebuilt chunks as they are taken, reading the answer lines meanwhile.

    Raises `LoadError` where the answer is no 200 or never ends.
    """
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    seconds, received = uvloop.run(_run(port, timeout, lambda: _NdjsonClient(head, chunks)))
    status, body = _split(b"".join(received))
    if status != 200:
        raise LoadError(f"{path} answered {status}: {body[:200]!r}")
    return Streamed(seconds, [json.loads(line) for line in _unchunk(body).splitlines()])


def send_messages(
    port: int, path: str, messages: Sequence[bytes], *, in_flight: int, timeout: float
) -> Streamed:
    """Send WebSocket messages, at most so many of them unanswered; answers are flattened.

    Raises `LoadError` where the WebSocket is refused or closed.
    """
    frames = [client_frame(message) for message in messages]
    seconds, received = uvloop.run(_run(port, timeout, lambda: _WebSocketClient(path, frames, in_flight)))
    answers: list[Any] = []
    for message in received:
        answer = json.loads(message)
        answers.extend(answer if isinstance(answer, list) else [answer])
    return Streamed(seconds, answers)


def client_frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """Return a WebSocket frame from a client.

    >>> client_frame(b"{}").hex()
    '8182000000007b7d'
    """
    masked, length = 0x80, len(payload)
    if length < 126:
        head = bytes((_FINAL | opcode, masked | length))
    elif length < 1 << 16:
        head = bytes((_FINAL | opcode, masked | 126)) + length.to_bytes(2)
    else:
        head = bytes((_FINAL | opcode, masked | 127)) + length.to_bytes(8)
    return head + _NO_MASK + payload


def parse_frame(data: bytes | bytearray, at: int, *, masked: bool = False) -> tuple[int, int, int] | None:
    """Return opcode, start and end of the payload of the frame at `at`, None while it is incomplete."""
    if len(data) < at + 2:
        return None
    length, start = data[at + 1] & 0x7F, at + 2
    if length >= 126:
        n_bytes = 2 if length == 126 else 8
        if len(data) < start + n_bytes:
            return None
        length, start = int.from_bytes(data[start : start + n_bytes]), start + n_bytes
    start += 4 if masked else 0
    return (data[at] & 0x0F, start, start + length) if len(data) >= start + length else None


class _Client(asyncio.Protocol):
    """A connection with one task: its end comes through `finished`, with what was received."""

    def __init__(self) -> None:
        self.finished: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self.started = 0.0
        self._answers: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.fail(f"the server closed the connection after {self._answers[-1:]!r}: {error}")

    def fail(self, reason: str) -> None:
        if not self.finished.done():
            self.finished.set_exception(LoadError(reason[:500]))
        self.transport.close()

    def finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(self._answers)
        self.transport.close()


class _NdjsonClient(_Client):
    def __init__(self, head: bytes, chunks: Sequence[bytes]) -> None:
        super().__init__()
        self._head = head
        self._chunks = iter(chunks)
        self._may_write = True
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.started = time.perf_counter()
        self.transport.write(self._head)
        self._write()

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._write()

    def _write(self) -> None:
        while self._may_write and (chunk := next(self._chunks, None)) is not None:
            self.transport.write(chunk)

    def data_received(self, data: bytes) -> None:
        self._answers.append(data)
        self._tail = (self._tail + data)[-len(_END_OF_CHUNKS) :]
        if self._tail == _END_OF_CHUNKS or (len(self._answers) == 1 and _is_refusal(data)):
            self.finish()


class _WebSocketClient(_Client):
    def __init__(self, path: str, frames: Sequence[bytes], in_flight: int) -> None:
        super().__init__()
        self._path = path
        self._frames = iter(frames)
        self._n_awaited = len(frames)
        self._in_flight = in_flight
        self._buffer = bytearray()
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        key = base64.b64encode(bytes(16)).decode()
        self.transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._open or self._is_accepted():
            self._take_frames()

    def _is_accepted(self) -> bool:
        head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not end:
            return False
        if b" 101 " not in head.splitlines()[0]:
            self.fail(f"no WebSocket: {head!r}")
            return False
        self._buffer = bytearray(rest)
        self._open = True
        self.started = time.perf_counter()
        for _ in range(self._in_flight):
            self._send_next()
        return True

    def _send_next(self) -> None:
        frame = next(self._frames, None)
        if frame is not None:
            self.transport.write(frame)

    def _take_frames(self) -> None:
        at = 0
        while (frame := parse_frame(self._buffer, at)) is not None:
            opcode, start, at = frame
            self._take(opcode, bytes(self._buffer[start:at]))
        del self._buffer[:at]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self.transport.write(client_frame(payload, _PONG))
        elif opcode == _CLOSE:
            self.fail(f"the server closed the WebSocket: {payload!r}")
        else:
            self._answers.append(payload)
            self._send_next()
            if len(self._answers) == self._n_awaited:
                self.finish()


async def _run(port: int, seconds: float, make: Callable[[], _Client]) -> tuple[float, list[bytes]]:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(make, "127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            received = await client.finished
    except TimeoutError:
        client.transport.abort()
        raise LoadError(f"not finished after {seconds:.0f} s") from None
    return time.perf_counter() - client.started, received


def _is_refusal(data: bytes) -> bool:
    return data.startswith(b"HTTP/1.1 ") and data[9:12] != b"200"


def _split(answer: bytes) -> tuple[int, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12]), body


def _unchunk(body: bytes) -> bytes:
    """Undo the transfer encoding.

    >>> _unchunk(b"3\\r\\n{}\\n\\r\\n0\\r\\n\\r\\n")
    b'{}\\n'
    """
    pieces: list[bytes] = []
    at = 0
    while True:
        line_end = body.index(b"\r\n", at)
        length = int(body[at:line_end], 16)
        if length == 0:
            return b"".join(pieces)
        pieces.append(body[line_end + 2 : line_end + 2 + length])
        at = line_end + 2 + length + 2
