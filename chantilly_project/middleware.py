"""Middleware of the pages (the dashboard and the admin)."""

import errno
import logging
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from models_app.domain.errors import ServerStopping, StorageUnavailable
from models_app.models.transactions import unavailable

logger = logging.getLogger(__name__)


class PassingErrors:
    """Say that a page cannot be shown now, where it can a little later."""

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
