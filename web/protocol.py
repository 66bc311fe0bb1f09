"""HTTP, as httptools reads it, with bounds to what a client may take."""

from typing import Any

import httptools

from web import heads, refusals
from web.answering import AnsweringProtocol
from web.asgi import AnswerSoon
from web.flow import HIGH_WATER
from web.known_heads import KnownHeads
from web.refusals import UNANSWERED, Refusal
from web.short_cycle import ShortCycle


class Protocol(AnsweringProtocol):
    """HTTP, and where it opens a WebSocket, the way to that; requests and ends are its parents'."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._max_lines = self._limits.header_lines
        #: Bytes since the last head that was complete, or the last byte of a body.
        self._n_unread = 0
        self._n_segment = 0
        self._is_upgrade = False
        self._known_heads = KnownHeads()
        #: What is being read, where a request begins with it.
        self._segment: bytes | None = None

    # Connections

    def data_received(self, data: bytes) -> None:
        """Read what the client has sent; the server calls this."""
        if self._is_deaf:
            self._progress.n_steps += 1
            return
        if self._is_surplus:
            self._refuse(refusals.too_many(self._limits.connections))
            return
        is_between = not (self._is_in_head or self._is_in_body)
        if is_between and (self.cycle is None or self.cycle.response_complete):
            known = self._known_heads.find(data)
            if known is not None and self._answer_known(*known):
                return
        self._segment = data if is_between else None
        self._n_segment = len(data)
        self._n_unread += self._n_segment
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_after_upgrade(memoryview(data)[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(self._reason(error))
        self._segment = None
        if self._n_unread > self._limits.head_bytes and not self._is_deaf:
            self._refuse(heads.too_large(self._limits))

    def _answer_known(self, answer_soon: AnswerSoon, body: bytes) -> bool:
        """Answer a request whose head is known; False: it has to be read."""
        self._progress.n_steps += 1
        cycle = self.cycle = ShortCycle(answer_soon)
        cycle.more_body = False
        return self._answer_soon(cycle, body)

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
        self._progress.n_steps += 1
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
        self._progress.n_steps += 1
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
        if not isinstance(cycle, ShortCycle):
            cycle.message_event.set()
            return
        body = bytes(cycle.body)
        if not self._answer_soon(cycle, body):
            self._begin_with(body)
        elif self._segment is not None:
            self._known_heads.remember(self._segment, cycle.answer_soon, len(body))

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
