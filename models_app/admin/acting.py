"""Who acts on pages, for the audit trail."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from models_app.domain import actors
from models_app.domain.actors import Actor


class PagesActAs:
    """Has what a page does be done by whoever has logged in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request."""
        with actors.acting(lambda: _actor(request)):
            return self._get_response(request)


def _actor(request: HttpRequest) -> Actor:
    user = request.user
    name = f"user '{user.get_username()}'" if user.is_authenticated else actors.ANYBODY
    return Actor(name, str(request.META.get("REMOTE_ADDR") or ""))
