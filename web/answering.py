"""Answering of requests: on the short way, or by a task as ASGI has it."""

import asyncio
import urllib.parse
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools

from web import heads, refusals
from web.asgi import AnswerSoon, ShortWay
from web.connection import CONNECTION_EXTENSION
from web.endings import EndingProtocol
from web.flow import JoiningTransport
from web.refusals import UNANSWERED, Refusal
from web.short_cycle import ShortCycle
from web.status_lines import STATUS_LINES
from web.uvicorn_parts.connections import Cycle

# A longer body may come in many pieces, and is read under the application's control.
_MAX_SHORT_BYTES = 1 << 16


class AnsweringProtocol(EndingProtocol):
    """A connection with a short way and answers in one piece; the ends are its parent's.

    A POST with a short body is offered to the application's `short_way(scope, length)` as soon as its head is
    there; of the scope it gets type, method, path, headers and client. Where it returns a function, that is
    called with the body and with `reply`, and returns what can be cancelled; it calls `reply(status, head,
    body)` once, in the event loop, with the header lines as `head`. Where either returns None, the
    application is called as any.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._short_way = _find_short_way(self.app)
        #: Of the latest request.
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.expect_100_continue = False
        self.parser: Any = httptools.HttpRequestParser(self)
        # The first of pipelined requests is answered, though it closes the connection.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        #: What the parser's callbacks have refused.
        self._refused: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the server calls this."""
        super().connection_made(transport)
        self._extensions = {CONNECTION_EXTENSION: self.connection}

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        # Each holds the other.
        self.parser = None

    def _answer_soon(self, cycle: ShortCycle, body: bytes) -> bool:
        """Have a request answered the short way; False: it has to be dispatched, and nothing was done."""
        # It counts as a task: a server that stops waits for it, and cancels it in the end.
        self.tasks.add(cycle)
        try:
            cycle.asked = cycle.answer_soon(body, partial(self._reply, cycle))
        except Exception as error:
            refusal = refusals.failure(error, UNANSWERED)
            self._reply(cycle, refusal.status, refusal.head(), refusal.body())
            return True
        if cycle.asked is None and not cycle.response_complete:
            self.tasks.discard(cycle)
            self.cycle = None
            return False
        return True

    def _begin_with(self, body: bytes) -> None:
        """Answer on the ordinary way what has come as a whole."""
        self._begin()
        self.cycle.body += body
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def _find_answer(self) -> AnswerSoon | None:
        """Return what takes the body that follows, where that is simple enough."""
        length = self._short_length()
        if length is None or self._short_way is None:
            return None
        scope = {
            "type": "http", "method": "POST", "path": self.url.decode("ascii"), "headers": self.headers,
            "client": self.client,
        }  # fmt: skip
        return self._short_way(scope, length)

    def _short_length(self) -> int | None:
        parser = self.parser
        if parser.get_method() != b"POST" or self.expect_100_continue or b"%" in self.url or b"?" in self.url:
            return None
        if parser.get_http_version() != "1.1" or not parser.should_keep_alive():
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
        """Answer on the ordinary way."""
        parser, earlier = self.parser, self.cycle
        version = parser.get_http_version()
        self._check(heads.check_version, version, self.headers)
        cycle = Cycle(
            self,
            scope=self._make_scope(version),
            transport=JoiningTransport(self.transport, self._finish),
            keep_alive=version == "1.1" and parser.should_keep_alive(),
            expects_continue=self.expect_100_continue and version == "1.1",
        )
        # Trailers, if any, belong to no head.
        self.headers = []
        self.cycle = cycle
        if earlier is None or earlier.response_complete:
            self.begin(cycle)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft(cycle)

    def _make_scope(self, version: str) -> Any:
        url = httptools.parse_url(self.url)
        raw_path = url.path or b"/"
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": self.parser.get_method().decode("ascii"),
            "root_path": self.config.root_path,
            "path": self.config.root_path + (urllib.parse.unquote(path) if "%" in path else path),
            "raw_path": self.config.root_path.encode("ascii") + raw_path,
            "query_string": url.query or b"",
            "headers": self.headers,
            "state": self.app_state.copy(),
            "extensions": self._extensions,
        }

    def _reply(self, cycle: ShortCycle, status: int, head: bytes, body: bytes) -> None:
        if cycle.response_complete:
            return
        cycle.response_complete = True
        self.tasks.discard(cycle)
        if cycle.disconnected:
            return
        lines = [STATUS_LINES[status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        lines += (head, b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", body)
        self.transport.write(b"".join(lines))
        if not cycle.keep_alive:
            self._finish()
        self.on_response_complete()

    def _check(self, check: Callable[..., None], *arguments: Any) -> None:
        """Call what may refuse; the parser passes nothing on of what its callbacks raise."""
        try:
            check(*arguments)
        except Refusal as refusal:
            self._refused = refusal
            raise


def _find_short_way(application: Any) -> ShortWay | None:
    """Look through what uvicorn has put around the application."""
    while application is not None:
        if hasattr(application, "short_way"):
            found: ShortWay = application.short_way
            return found
        application = getattr(application, "app", None)
    return None
