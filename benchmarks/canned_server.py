"""A server that answers at once, whatever it is asked: the ceiling of what the load generator can measure.

It does what no server can do without: read a request, find its end, send an answer of the usual length.
"""

import asyncio
import base64
import hashlib
import sys
from typing import cast

import uvloop

from benchmarks.streams import parse_frame

_ANSWER = b'{"model":"bench","prediction":{"false":0.6218497571622421,"true":0.3781502428377579}}'
_HTTP = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(_ANSWER),
    _ANSWER,
)
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
_END_OF_CHUNKS = b"0\r\n\r\n"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# A list of a hundred records is longer than this, one record is not.
_LONG_MESSAGE = 4_096


class Canned(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._buffer = b""
        self._mode = self._http
        self._n_owed = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer all that is complete."""
        self._buffer += data
        assert self._transport is not None
        answer = self._mode()
        if answer:
            self._transport.write(answer)

    def _http(self) -> bytes:
        answers = b""
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            if at < 0:
                self._buffer = self._buffer[end + 4 :]
                return answers + self._switch(head)
            length = int(head[at + 15 : end].split(b"\r", 1)[0])
            if len(self._buffer) < end + 4 + length:
                break
            self._buffer = self._buffer[end + 4 + length :]
            answers += _HTTP
        return answers

    def _switch(self, head: bytes) -> bytes:
        if b"upgrade: websocket" in head:
            self._mode = self._websocket
            # The load generator's key is one of zeros.
            key = base64.b64encode(bytes(16)) + _GUID
            accept = base64.b64encode(hashlib.sha1(key, usedforsecurity=False).digest())
            return (
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
            )
        self._mode = self._ndjson
        return _STREAM_HEAD + self._ndjson()

    def _ndjson(self) -> bytes:
        ends = self._buffer.endswith(_END_OF_CHUNKS)
        taken = self._buffer if ends else self._buffer[: -len(_END_OF_CHUNKS)]
        self._buffer = self._buffer[len(taken) :]
        # The lines end with \n, the chunks' frames with \r\n, which may come in halves.
        self._n_owed += taken.count(b"\n") - taken.count(b"\r")
        lines = b"{}\n" * self._n_owed
        self._n_owed = min(self._n_owed, 0)
        chunk = b"%x\r\n%s\r\n" % (len(lines), lines) if lines else b""
        return chunk + (_END_OF_CHUNKS if ends else b"")

    def _websocket(self) -> bytes:
        answers, at = b"", 0
        while (frame := parse_frame(self._buffer, at, masked=True)) is not None:
            _, start, at = frame
            answers += _message(b"[" + b"{}," * 99 + b"{}]" if at - start > _LONG_MESSAGE else b"{}")
        self._buffer = self._buffer[at:]
        return answers


def _message(payload: bytes) -> bytes:
    length = len(payload)
    head = bytes((0x81, length)) if length < 126 else bytes((0x81, 126)) + length.to_bytes(2)
    return head + payload


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
