"""The protocol on a transport in memory, with an application that takes down what reaches it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from web.limits import Limits
from web.protocol import Protocol

Reply = Callable[[int, bytes, bytes], None]
# Steps of the event loop: more than an answer takes.
_STEPS = 12


class Wire(asyncio.Transport):
    """A transport that keeps what is written, and closes as a socket's does."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.has_ended = False
        self.is_aborted = False
        self.n_unsent = 0
        self._is_closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 80) if name in {"peername", "sockname"} else default

    def write(self, data: Any) -> None:
        assert not self.has_ended, "written after the end"
        self.written += data

    def write_eof(self) -> None:
        self.has_ended = True

    def get_write_buffer_size(self) -> int:
        return self.n_unsent

    def close(self) -> None:
        self._is_closing = True

    def abort(self) -> None:
        self._is_closing = self.is_aborted = True

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        """Go on: the test decides what is read when."""

    def resume_reading(self) -> None:
        """Go on: the test decides what is read when."""

    @property
    def is_over(self) -> bool:
        """Whether the client hears that no more answers will come."""
        return self._is_closing or self.has_ended


class Recorder:
    """An application that answers each request with 200, and keeps those whose body came whole."""

    def __init__(self, *, is_short: bool) -> None:
        self.requests: list[tuple[str, bytes, bytes]] = []
        self._is_short = is_short

    def short_way(self, scope: dict[str, Any], length: int) -> Any:
        if not self._is_short:
            return None

        def answer_soon(body: bytes, reply: Reply) -> "Recorder":
            self.requests.append(("POST", scope["path"].encode(), body))
            reply(200, b"content-length: 0\r\n", b"")
            return self

        return answer_soon

    def cancel(self) -> None:
        """Do nothing: it is answered."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        query = scope["query_string"]
        self.requests.append((scope["method"], scope["raw_path"] + (query and b"?" + query), body))
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def connect(application: Any, *, limits: Limits | None = None, state: ServerState | None = None) -> Protocol:
    """Return a protocol whose connection is made, on a wire."""
    config = uvicorn.Config(application, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    protocol = Protocol(config=config, server_state=state or ServerState(), app_state={}, limits=limits)
    protocol.connection_made(Wire())
    return protocol


async def settle() -> None:
    """Let everything happen that needs nothing from outside."""
    for _ in range(_STEPS):
        await asyncio.sleep(0)


def wire_of(protocol: Protocol) -> Wire:
    """Return the protocol's wire."""
    assert isinstance(protocol.transport, Wire)
    return protocol.transport


def exchange(application: Any, segments: Iterable[bytes], **options: Any) -> Wire:
    """Send segments one after the other, and return the wire as it is then."""

    async def run() -> Wire:
        protocol = connect(application, **options)
        wire = wire_of(protocol)
        for segment in segments:
            if wire.is_closing():
                break
            protocol.data_received(segment)
            await settle()
        await settle()
        return wire

    return asyncio.run(run())
