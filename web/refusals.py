"""What the server itself answers, where no application is asked: the shape that every refusal has."""

from collections.abc import Iterable

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE


class Refusal(Exception):
    """The bytes of a connection are no request that can be served; `headers` are lines of the answer."""

    def __init__(self, status: int, code: str, message: str, headers: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    def head(self) -> bytes:
        """Return the header lines that belong to the body."""
        return (
            b"content-type: application/json\r\nx-content-type-options: nosniff\r\n"
            b"error-code: %s\r\ncontent-length: %d\r\n%s"
            % (self.code.encode(), len(self.body()), self.headers)
        )

    def body(self) -> bytes:
        """Return the JSON text."""
        return msgspec.json.encode({"message": self.message})

    def answer(self, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Return the whole answer, after which the connection is closed."""
        always = b"".join(b"%s: %s\r\n" % pair for pair in default_headers)
        return b"%s%s%sconnection: close\r\n\r\n%s" % (
            STATUS_LINE[self.status],
            always,
            self.head(),
            self.body(),
        )


def unreadable(reason: str) -> Refusal:
    """Refuse what is no HTTP.

    >>> unreadable("Invalid method encountered").message
    'This is no HTTP request: Invalid method encountered.'
    """
    return Refusal(400, "bad_request", f"This is no HTTP request: {reason}.")


def broken() -> Refusal:
    """Say that the server has failed; the log knows why."""
    return Refusal(500, "internal_error", "Internal error.")


def stopping() -> Refusal:
    """Say that the server stops."""
    return Refusal(503, "server_stopping", "The server is stopping.", b"retry-after: 1\r\n")


def no_files() -> Refusal:
    """Say that the process has as many files open as it may."""
    return Refusal(503, "storage_unavailable", "The server cannot open files now.", b"retry-after: 1\r\n")


def too_slow(what: str) -> Refusal:
    """Say that the rest of a request did not come in time."""
    return Refusal(408, "request_timeout", f"The {what} of the request did not come in time.")


def too_many(limit: int) -> Refusal:
    """Say that no connection more is served."""
    return Refusal(
        503,
        "too_many_connections",
        f"The server has {limit} connections open, and takes no more (see CONNECTIONS_MAX).",
        b"retry-after: 1\r\n",
    )
