"""Uvicorn's HTTP, with less to do for each request."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# By this name in the scope's extensions the API's handler finds what drops the connection at once. (It is not
# imported: the interfaces are siblings.)
ABORT_EXTENSION = "chantilly.abort"
# A longer body may come in many pieces, and is read under the application's control.
_MAX_SHORT_BYTES = 1 << 16


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP, with a short way, answers in one piece, and a way to drop a client that does not read.

    A POST with a short body is offered to the application's `short_way(scope, length)` as soon as its head is
    there; of the scope it gets type, method, path, headers and client. Where it returns a function, that is
    called with the body and with `reply`, and returns what can be cancelled; it calls `reply(status, head,
    body)` once, in the event loop, with the header lines as `head`. Where either returns None, the
    application is called as any.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Uvicorn goes by whether a logger has handlers, and the root logger has some.
        self.access_log = False
        self._short_way = _find_short_way(self.app)
        # On the loop's clock; None while there is something to do.
        self._idle_since: float | None = None

    def on_message_begin(self) -> None:
        """Begin a request; the parser calls this. The scope is made when it is known which one is needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Begin to answer, or wait for the whole body; the parser calls this."""
        answer_soon = self._find_answer()
        if answer_soon is None:
            self._begin()
        else:
            self.cycle = ShortCycle(answer_soon)  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        """Answer a request that is complete; the parser calls this."""
        cycle: object = self.cycle
        if not isinstance(cycle, ShortCycle):
            super().on_message_complete()
            return
        body = bytes(cycle.body)
        # It counts as a task: a server that stops waits for it, and cancels it in the end.
        self.tasks.add(cycle)  # type: ignore[arg-type]  # as good as one
        cycle.asked = cycle.answer_soon(body, partial(self._reply, cycle))
        if cycle.asked is None:
            self.tasks.discard(cycle)
            self.cycle = None  # type: ignore[assignment]  # as before the first request
            self._begin()
            self.on_body(body)
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with what was pipelined, or rest."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has rested for too long; look again later at one that has not."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch(left)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def _unset_keepalive_if_required(self) -> None:
        # The timer stays: to cancel one and set another for each request takes longer than to look again.
        self._idle_since = None

    def _watch(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def shutdown(self) -> None:
        """Close the connection, after the answer that is under way; the server calls this when it stops."""
        cycle: object = self.cycle
        if isinstance(cycle, ShortCycle) and cycle.asked is None and not cycle.response_complete:
            # Its body is not here yet, and nothing has been done.
            self.transport.close()
        else:
            super().shutdown()

    def _find_answer(self) -> Callable[..., Any] | None:
        """Return what takes the body that follows, where that is simple enough."""
        length = self._short_length()
        if length is None or self._short_way is None:
            return None
        scope = {
            "type": "http", "method": "POST", "path": self.url.decode("ascii"), "headers": self.headers,
            "client": self.client,
        }  # fmt: skip
        answer_soon: Callable[..., Any] | None = self._short_way(scope, length)
        return answer_soon

    def _short_length(self) -> int | None:
        parser = self.parser
        if parser.get_method() != b"POST" or self.expect_100_continue or b"%" in self.url or b"?" in self.url:
            return None
        if parser.get_http_version() != "1.1" or parser.should_upgrade() or not parser.should_keep_alive():
            return None
        if self.cycle is not None and not self.cycle.response_complete:
            # Pipelined: its turn comes later.
            return None
        for name, value in self.headers:
            if name == b"content-length":
                length = int(value) if value.isdigit() else _MAX_SHORT_BYTES + 1
                return length if length <= _MAX_SHORT_BYTES else None
        return None

    def _begin(self) -> None:
        """Answer as uvicorn does."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        # ASGI wants dictionaries there; nobody else looks at a name of ours.
        self.scope["extensions"] = {ABORT_EXTENSION: self.transport.abort}  # type: ignore[dict-item]
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = JoiningTransport(self.transport)  # type: ignore[assignment]

    def _reply(self, cycle: "ShortCycle", status: int, head: bytes, body: bytes) -> None:
        cycle.response_complete = True
        self.tasks.discard(cycle)
        if cycle.disconnected:
            return
        lines = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (head, b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body)
        self.transport.write(b"".join(lines))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _find_short_way(application: Any) -> Callable[..., Any] | None:
    """Look through what uvicorn has put around the application."""
    while application is not None:
        if hasattr(application, "short_way"):
            found: Callable[..., Any] = application.short_way
            return found
        application = getattr(application, "app", None)
    return None


class ShortCycle:
    """A request on the short way: as much of uvicorn's cycle as the rest of the protocol looks at."""

    __slots__ = (
        "answer_soon", "asked", "body", "disconnected", "keep_alive", "message_event", "response_complete",
    )  # fmt: skip

    def __init__(self, answer_soon: Callable[..., Any]) -> None:
        self.answer_soon = answer_soon
        self.asked: Any = None
        self.body = bytearray()
        self.disconnected = False
        self.keep_alive = True
        self.message_event = _NOBODY_WAITS
        self.response_complete = False

    def cancel(self, msg: object = None) -> None:
        """Have it answered at once."""
        # Not within this call: who makes it goes through the tasks, and the answer takes this one out.
        asyncio.get_running_loop().call_soon(self.asked.cancel)


class _NoEvent:
    def set(self) -> None:
        """Wake nobody."""


_NOBODY_WAITS = _NoEvent()


class JoiningTransport:
    """A transport for one answer, which puts its head and the body after it into one packet.

    Each write is a system call, the dearest part of a short answer, and wakes the client. A head whose body
    does not follow in the same step of the event loop is sent at the end of the step.
    """

    __slots__ = ("_begun", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
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
        self._transport.close()

    def is_closing(self) -> bool:
        """Say whether the transport is closed or being closed."""
        return self._transport.is_closing()

    def _take(self) -> bytes:
        head, self._head = self._head, b""
        return head
