"""The page to log in, and /api/ticket."""

import math
from typing import ClassVar

import msgspec
from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access import tickets
from access.knowledge import registry
from models_app.api import describing, schemas
from models_app.domain.errors import InvalidRequest
from web.access import current_principal
from web.answers import JsonAnswer
from web.dispatch import AsyncViewSet
from web.needs import KNOWN

TICKET = schemas.full(ticket={"type": "string"}, expires_in={"type": "integer", "description": "Seconds."})


class LogIn(LoginView):
    """The page to log in."""

    template_name = "access/login.html"
    http_method_names = ["get", "head", "options", "post"]  # noqa: RUF012  # as its parent has it


def locked_out(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    """Answer who has guessed passwords too often: under this name, from there, it is over for a while."""
    seconds = math.ceil(settings.LOGIN_LOCK_SECONDS)
    minutes = math.ceil(seconds / 60)
    refused = f"Too many wrong passwords. Try again in {minutes} minute{'s' * (minutes > 1)}."
    answer = render(request, LogIn.template_name, {"refused": refused}, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


class TicketViewSet(AsyncViewSet):
    """Tickets."""

    max_body_bytes: ClassVar = 1024

    @describing.operation(
        need=KNOWN,
        operation_id="make_ticket",
        summary="Return a ticket, which stands for the request's token",
        description="For who cannot set headers, such as `EventSource`: event streams and WebSockets take "
        "it as `?ticket=`. It may do what the token may, for as long as that is valid.",
        request=None,
        responses={201: TICKET},
    )
    async def create(self, request: HttpRequest) -> HttpResponse:
        """Make a ticket."""
        principal = current_principal.get()
        pk = tickets.NOBODY if principal is None else registry.pk_of(principal)
        if pk is None:
            raise InvalidRequest("A ticket stands for a token; who has logged in needs none.")
        answer = {"ticket": tickets.make(pk), "expires_in": tickets.SECONDS}
        return JsonAnswer(msgspec.json.encode(answer), 201)
