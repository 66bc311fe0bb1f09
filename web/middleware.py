"""Middleware of pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Redirect, StaticFile

# Pages load nothing from other hosts. Styles may stand inline: the admin's widgets set some.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

# Of what a model draws, which may be anything: it runs no script, and loads nothing.
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


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
    """Limit where browsers load a page from, unless its view has said so itself."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return respond
