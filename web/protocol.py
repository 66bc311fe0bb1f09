"""HTTP, as httptools reads it: with little to do for each request, and bounds to what a client may take."""

import asyncio
import logging
import urllib.parse
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools

from web import heads, refusals
from web.asgi import AnswerSoon, ShortWay
from web.connection import CONNECTION_EXTENSION
from web.endings import EndingProtocol
from web.flow import HIGH_WATER, JoiningTransport
from web.refusals import UNANSWERED, Refusal
from web.short_cycle import ShortCycle
from web.status_lines import STATUS_LINES
from web.uvicorn_parts import Cycle

logger = logging.getLogger(__name__)

# A longer body may come in many pieces, and is read under the application's control.
_MAX_SHORT_BYTES = 1 << 16


class Protocol(EndingProtocol):
    """HTTP with a short way and answers in one piece; the ends are its parent's.

    A POST with a short body is offered to the application's `short_way(scope, length)` as soon as its head is
    there; of the scope it gets type, method, path, headers and client. Where it returns a function, that is
    called with the body and with `reply`, and returns what can be cancelled; it calls `reply(status, head,
    body)` once, in the event loop, with the header lines as `head`. Where either returns None, the
    application is called as any.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.expect_100_continue = False
        self.parser = httptools.HttpRequestParser(self)
        # The first of pipelined requests is answered, though it closes the connection.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._short_way = _find_short_way(self.app)
        self._max_lines = self._limits.header_lines
        #: Bytes since the last head that was complete, or the last byte of a body.
        self._n_unread = 0
        self._n_segment = 0
        self._is_upgrade = False
        #: What the parser's callbacks have refused.
        self._refused: Refusal | None = None

    # Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the server calls this."""
        super().connection_made(transport)
        self._extensions = {CONNECTION_EXTENSION: self.connection}

    def data_received(self, data: bytes) -> None:
        """Read what the client has sent; the server calls this."""
        if self._is_deaf:
            self._watch.n_steps += 1
            return
        if self._is_surplus:
            self._refuse(refusals.too_many(self._limits.connections))
            return
        self._n_segment = len(data)
        self._n_unread += self._n_segment
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_after_upgrade(memoryview(data)[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(self._reason(error))
        if self._n_unread > self._limits.head_bytes and not self._is_deaf:
            self._refuse(heads.too_large(self._limits))

    # What the parser calls

    def on_message_begin(self) -> None:
        """Begin a request. The scope is made when it is known which one is needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_in_head = True

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self.url += url
        if len(self.url) > self._limits.url_bytes:
            self._check(heads.check_size, self.url, (), self._limits)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line, or one of a trailer."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        # Not at the end: more may come for as long as a head may take.
        if len(self.headers) > self._max_lines:
            self._check(heads.check_size, self.url, self.headers, self._limits)

    def on_headers_complete(self) -> None:
        """Begin to answer, or wait for the whole body."""
        self._is_in_head = False
        limits = self._limits
        if max(self._n_segment, self._n_unread) > limits.url_bytes:
            self._check(heads.check_size, self.url, self.headers, limits)
        self._n_unread = 0
        if self.parser.should_upgrade():
            # The parser takes what follows for another protocol.
            self._is_upgrade = True
            return
        self._watch.n_steps += 1
        answer_soon = self._find_answer()
        if answer_soon is None:
            self._begin()
        else:
            self.cycle = ShortCycle(answer_soon)
        # Not before: what is refused here has no body, and the latest cycle is another's.
        self._is_in_body = True

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._n_unread = 0
        self._watch.n_steps += 1
        cycle = self.cycle
        cycle.body += body
        if len(cycle.body) > HIGH_WATER:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Answer a request that is complete."""
        if self._is_upgrade:
            return
        self._is_in_body = False
        self._n_unread = 0
        cycle: Any = self.cycle
        cycle.more_body = False
        if isinstance(cycle, ShortCycle):
            self._answer_soon(cycle)
        else:
            cycle.message_event.set()

    # Requests

    def _answer_soon(self, cycle: ShortCycle) -> None:
        """Have a request answered the short way, or after all as any."""
        body = bytes(cycle.body)
        # It counts as a task: a server that stops waits for it, and cancels it in the end.
        self.tasks.add(cycle)
        try:
            cycle.asked = cycle.answer_soon(body, partial(self._reply, cycle))
        except Exception as error:
            refusal = refusals.failure(error, UNANSWERED)
            self._reply(cycle, refusal.status, refusal.head(), refusal.body())
            return
        if cycle.asked is None and not cycle.response_complete:
            self.tasks.discard(cycle)
            self.cycle = None
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

    # Other protocols

    def _go_on_after_upgrade(self, rest: memoryview) -> None:
        """Open a WebSocket, or read a request that offers another protocol as if it did not.

        The parser would skip its body, and take it for the next request.
        """
        while True:
            self._is_upgrade = False
            method, version = self.parser.get_method(), self.parser.get_http_version()
            if method == b"CONNECT":
                self._refuse(Refusal(405, "method_not_allowed", "This server is no proxy."))
                return
            if heads.opens_socket(method, version, self.headers):
                self._open_socket(rest)
                return
            head = heads.without_upgrade(method, self.url, version, self.headers)
            self.parser = httptools.HttpRequestParser(self)
            try:
                self.parser.feed_data(head)
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
            except httptools.HttpParserError as error:
                self._refuse(self._reason(error))
                return
            else:
                return

    def _open_socket(self, rest: memoryview) -> None:
        try:
            if rest or not (self.cycle is None or self.cycle.response_complete):
                raise Refusal(400, "bad_handshake", "Nothing may come before or after a handshake's answer.")
            heads.check_handshake(self.url, self.headers)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        lines = [b"GET %s HTTP/1.1\r\n" % self.url, *(b"%s: %s\r\n" % line for line in self.headers), b"\r\n"]
        self.connections.discard(self)
        make: Any = self.config.ws_protocol_class
        protocol = make(config=self.config, server_state=self.server_state, app_state=self.app_state)
        protocol.connection_made(self.transport)
        protocol.data_received(b"".join(lines))
        self.transport.set_protocol(protocol)

    def _check(self, check: Callable[..., None], *arguments: Any) -> None:
        """Call what may refuse; the parser passes nothing on of what its callbacks raise."""
        try:
            check(*arguments)
        except Refusal as refusal:
            self._refused = refusal
            raise

    def _reason(self, error: httptools.HttpParserError) -> Refusal:
        refused, self._refused = self._refused, None
        if refused is not None:
            return refused
        cause = error.__context__
        if not isinstance(error, httptools.HttpParserCallbackError):
            return refusals.unreadable(str(error))
        if isinstance(cause, httptools.HttpParserInvalidURLError | UnicodeDecodeError):
            return refusals.unreadable("the address cannot be read")
        return refusals.failure(cause, UNANSWERED)


def _find_short_way(application: Any) -> ShortWay | None:
    """Look through what uvicorn has put around the application."""
    while application is not None:
        if hasattr(application, "short_way"):
            found: ShortWay = application.short_way
            return found
        application = getattr(application, "app", None)
    return None
