"""Requests: what `ASGIRequest` is, made of what a view really asks for."""

import io
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.utils.functional import cached_property

from web.asgi import Receive, Scope


class LeanRequest(ASGIRequest):
    """A request whose trailing slash does not count and whose body is there already.

    `META` and what hangs on it are made when they are looked at: it takes half as long as a prediction.
    """

    #: How to read the body, for a view that does so itself.
    receive: Receive

    def __init__(self, scope: Scope) -> None:
        # Not the parent's: it makes everything.
        self.scope = scope
        self.method = scope["method"].upper()
        self.path: str = scope["path"]
        self.path_info: str = self.path
        self.resolver_match = None
        self._post_parse_error = False
        self._read_started = False
        self._stream: io.BytesIO = io.BytesIO()
        if len(self.path) > 1 and self.path.endswith("/"):
            self.path_info = self.path.rstrip("/") or "/"

    def set_body(self, body: bytes) -> None:
        """Give the request its whole body."""
        self._body = body

    @cached_property
    def content_length(self) -> int | None:
        """The length that the client announced, in bytes; None where it did not, or not in digits."""
        for name, value in self.scope["headers"]:
            if name == b"content-length":
                return int(value) if value.isdigit() else None
        return None

    @cached_property
    def _complete(self) -> ASGIRequest:
        return ASGIRequest(self.scope, io.BytesIO())

    @cached_property
    def META(self) -> dict[str, Any]:  # type: ignore[override]  # noqa: N802  # Django's name
        """The headers and variables as Django has them."""
        return self._complete.META

    @cached_property
    def script_name(self) -> str:  # type: ignore[override]
        """The prefix that the application is served under."""
        return str(self._complete.script_name)

    @cached_property
    def content_type(self) -> str | None:  # type: ignore[override]
        """The body's type, without its parameters."""
        return self._complete.content_type

    @cached_property
    def content_params(self) -> dict[str, str] | None:  # type: ignore[override]
        """The parameters of the body's type."""
        return self._complete.content_params
