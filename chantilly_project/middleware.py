"""Middleware of the pages (the dashboard and the admin)."""

import errno
import logging
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Redirect, StaticFile

from models_app.domain.errors import ServerStopping, StorageUnavailable
from models_app.models.transactions import unavailable

logger = logging.getLogger(__name__)

# Pages load nothing from other hosts. Styles may stand inline: the admin's widgets set some.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Whitenoise, answering in one piece.

    Django reads a file response in a thread, with a warning, before an ASGI server gets it.
    """

    @staticmethod
    def serve(static_file: StaticFile | Redirect, request: HttpRequest) -> HttpResponse:
        """Answer with the file, or with what whitenoise says instead of it."""
        streamed = WhiteNoiseMiddleware.serve(static_file, request)
        content = b"".join(streamed)
        streamed.close()
        headers = dict(streamed.items())
        if content:
            # Whitenoise's is of the file as it was when the server started.
            headers["Content-Length"] = str(len(content))
        return HttpResponse(content, status=streamed.status_code, headers=headers)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Tell browsers where a page may load from, unless its view has said so itself."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return respond


class PassingErrors:
    """Tells that a page cannot be shown now, where it can a little later."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 where the server stops, the database is locked or full, or no file can be opened."""
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            # Not a page: its template is a file, too.
            logger.warning("a page cannot be shown now: %s", error)
            return HttpResponse(
                "Too many files are open. Try again in a moment.",
                status=503,
                content_type="text/plain",
                headers={"Retry-After": "1"},
            )
        if not isinstance(error, OperationalError | ServerStopping | StorageUnavailable):
            return None
        refusal = unavailable(error) if isinstance(error, OperationalError) else error
        logger.warning("a page cannot be shown now: %s", refusal)
        response = render(request, "503.html", {"reason": refusal}, status=503)
        response["Retry-After"] = "1"
        return response
