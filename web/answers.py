"""Answers that the handler has a way of its own for: JSON, and what reads the request meanwhile."""

from collections.abc import AsyncGenerator, AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import ResponseHeaders
from django.utils.functional import cached_property

from web.asgi import Headers

_JSON = "application/json"
_CONTENT_TYPE = (b"Content-Type", _JSON.encode())
#: Sent with every answer of the handler.
ALWAYS: Headers = [(b"X-Content-Type-Options", b"nosniff")]


def _head(headers: Headers) -> bytes:
    return b"".join(b"%s: %s\r\n" % (name.lower(), value) for name, value in headers)


_PLAIN_HEAD = _head([_CONTENT_TYPE, *ALWAYS])


def plain_head(content: bytes) -> bytes:
    r"""Return the header lines of an answer that has nothing but JSON, in one piece.

    >>> plain_head(b"{}")
    b'content-type: application/json\r\nx-content-type-options: nosniff\r\ncontent-length: 2\r\n'
    """
    return b"%scontent-length: %d\r\n" % (_PLAIN_HEAD, len(content))


class JsonAnswer(HttpResponse):
    """A response with a JSON text.

    Its headers become Django's when somebody looks at them: to make them takes as long as a prediction.

    >>> answer = JsonAnswer(b"{}", 201)
    >>> answer.ready_headers()
    [(b'Content-Type', b'application/json'), (b'Content-Length', b'2')]
    >>> answer["Retry-After"] = "1"
    >>> answer.ready_headers()
    [(b'Content-Type', b'application/json'), (b'Retry-After', b'1'), (b'Content-Length', b'2')]
    """

    def __init__(self, content: bytes, status: int = 200) -> None:
        # Not the parent's: it makes everything.
        self.status_code = status
        self.closed = False
        self._handler_class = None
        self._reason_phrase = None
        self._charset = None
        self._resource_closers: list[object] = []
        self._container = [content]

    @cached_property
    def headers(self) -> ResponseHeaders:  # type: ignore[override]  # an attribute there
        """The headers as Django has them."""
        return ResponseHeaders({"Content-Type": _JSON})

    @cached_property
    def cookies(self) -> SimpleCookie:  # type: ignore[override]
        """The cookies as Django has them; usually none."""
        return SimpleCookie()

    def head(self) -> bytes:
        """Return the header lines as they are sent, in one piece."""
        if "headers" not in self.__dict__:
            return plain_head(self.content)
        return _head(self.ready_headers() + ALWAYS)

    def ready_headers(self) -> Headers:
        """Return the headers as they are sent."""
        headers = [_CONTENT_TYPE]
        if "headers" in self.__dict__:
            headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in self.headers.items()]
        return [*headers, (b"Content-Length", b"%d" % len(self.content))]


class ExchangeResponse(StreamingHttpResponse):
    """An answer whose making reads the request: the handler leaves the messages to it."""

    def __init__(self, parts: AsyncGenerator[bytes, None], **options: Any) -> None:
        super().__init__(parts, **options)
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        # The generator itself, so that to close it ends what it has started.
        return self._parts
