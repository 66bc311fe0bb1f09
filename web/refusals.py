"""The shape that every refusal has: as bytes, as an ASGI application's messages, as a view's error.

What the server refuses by itself, where no application is asked, is listed here.
"""

import errno
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from web.asgi import Headers, Scope, Send
from web.status_lines import STATUS_LINES

logger = logging.getLogger(__name__)

#: One sentence, or the reasons by field.
Message = str | Mapping[str, Sequence[str]]

#: What has happened, for the log, where the server answers for the application.
UNANSWERED = "a request was not answered"
_SOON = {"Retry-After": "1"}


class Refusal(Exception):
    """A request that is not served. `code` is for machines; `headers` are further ones of the answer.

    >>> Refusal(400, "bad_request", "No.").body()
    b'{"message":"No."}'
    """

    def __init__(
        self, status: int, code: str, message: Message, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self) -> bytes:
        """Return the JSON text."""
        return msgspec.json.encode({"message": self.message})

    def lines(self) -> Headers:
        """Return the headers that belong to the body."""
        return [
            (b"content-type", b"application/json"),
            (b"x-content-type-options", b"nosniff"),
            (b"error-code", self.code.encode()),
            (b"content-length", b"%d" % len(self.body())),
            *((name.lower().encode(), value.encode()) for name, value in self.headers.items()),
        ]

    def head(self) -> bytes:
        """Return the header lines that belong to the body, as they are sent."""
        return b"".join(b"%s: %s\r\n" % line for line in self.lines())

    def answer(self, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the whole answer, after which the connection is closed."""
        always = b"".join(b"%s: %s\r\n" % pair for pair in default_headers)
        return b"%s%s%sconnection: close\r\n\r\n%s" % (
            STATUS_LINES[self.status],
            always,
            self.head(),
            self.body(),
        )

    async def send(self, scope: Scope, send: Send, *, close_code: int = 1008) -> None:
        """Answer a request, or a WebSocket's handshake.

        A server that cannot answer the latter closes it with `close_code`.
        """
        prefix = scope["type"]
        if prefix == "websocket":
            if "websocket.http.response" not in scope.get("extensions", {}):
                # The server answers the handshake with a bare 403.
                await send({"type": "websocket.close", "code": close_code})
                return
            prefix = "websocket.http"
        await send({"type": f"{prefix}.response.start", "status": self.status, "headers": self.lines()})
        await send({"type": f"{prefix}.response.body", "body": self.body()})


def unreadable(reason: str) -> Refusal:
    """Refuse what is no HTTP.

    >>> unreadable("Invalid method encountered").message
    'This is no HTTP request: Invalid method encountered.'
    """
    return Refusal(400, "bad_request", f"This is no HTTP request: {reason}.")


def failure(error: BaseException | None, happened: str = "") -> Refusal:
    """Log an error that nobody has foreseen, with what has happened, and return what the client gets."""
    after = f": {happened}" if happened else ""
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        logger.warning("no file can be opened%s: %s", after, error)
        return no_files()
    error_id = uuid.uuid4().hex[:12]
    logger.error("internal error %s%s", error_id, after, exc_info=error)
    return Refusal(500, "internal_error", f"Internal error. (id {error_id})", {"Error-Id": error_id})


def stopping() -> Refusal:
    """Say that the server stops."""
    return Refusal(503, "server_stopping", "The server is stopping.", _SOON)


def no_files() -> Refusal:
    """Say that the process has as many files open as it may."""
    return Refusal(503, "storage_unavailable", "The server cannot open files now.", _SOON)


def too_large(limit: int) -> Refusal:
    """Say that a body is larger than its route takes, which is so many bytes."""
    return Refusal(413, "body_too_large", f"The body must not exceed {limit} bytes.")


def too_slow(what: str) -> Refusal:
    """Say that the rest of a request did not come in time."""
    return Refusal(408, "request_timeout", f"The {what} of the request did not come in time.")


def too_many(limit: int) -> Refusal:
    """Say that no connection more is served."""
    return Refusal(
        503,
        "too_many_connections",
        f"The server has {limit} connections open, and takes no more (see CONNECTIONS_MAX).",
        _SOON,
    )
