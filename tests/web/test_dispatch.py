"""The API's own way of running views, called as a server calls it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from models_app.api.handler import ApiHandler
from models_app.domain.errors import ModelNotFound
from web import handler
from web.answers import JsonAnswer
from web.dispatch import AsyncViewSet


class Greeting(AsyncViewSet):
    async def retrieve(self, request: HttpRequest) -> JsonAnswer:
        return JsonAnswer(b'"hello"')

    async def create(self, request: HttpRequest) -> JsonAnswer:
        raise ModelNotFound("x")


class Nobody(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class Guarded(Greeting):
    permission_classes = (Nobody,)


class Token(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[str, None]:
        if request.headers.get("Authorization") != "Bearer right":
            raise AuthenticationFailed
        return ("somebody", None)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class WithToken(Greeting):
    authentication_classes = (Token,)


class Sent:
    """An answer of the application."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        start, *bodies = messages
        self.status: int = start["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message["body"] for message in bodies)


Ask = Callable[..., Sent]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask a view for something, through the handler."""

    def ask(view: type[AsyncViewSet], method: str = "GET", **headers: str) -> Sent:
        run = view.as_view({"get": "retrieve", "post": "create"})
        match = ResolverMatch(run, (), {})

        class Resolver:
            def resolve(self, path: str) -> ResolverMatch:
                return match

        monkeypatch.setattr(handler, "get_resolver", Resolver)
        scope = {
            "type": "http",
            "method": method,
            "path": "/view",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        asyncio.run(ApiHandler()(scope, receive, send))
        return Sent(messages)

    return ask


class TestAsyncViewSet:
    def test_runs_the_action_of_the_method(self, ask: Ask) -> None:
        sent = ask(Greeting)

        assert (sent.status, sent.body) == (200, b'"hello"')
        assert sent.headers == {
            "content-type": "application/json",
            "content-length": "7",
            "x-content-type-options": "nosniff",
        }

    def test_answers_head_as_get(self, ask: Ask) -> None:
        assert ask(Greeting, "HEAD").status == 200

    def test_says_what_can_be_done(self, ask: Ask) -> None:
        assert ask(Greeting, "OPTIONS").headers["allow"] == "GET, POST, HEAD, OPTIONS"

    def test_refuses_other_methods(self, ask: Ask) -> None:
        sent = ask(Greeting, "DELETE")

        assert (sent.status, sent.headers["error-code"]) == (405, "method_not_allowed")
        assert sent.headers["allow"] == "GET, POST, HEAD, OPTIONS"

    def test_hands_errors_to_the_exception_handler(self, ask: Ask) -> None:
        sent = ask(Greeting, "POST")

        assert (sent.status, sent.headers["error-code"]) == (404, "model_not_found")

    def test_asks_permissions(self, ask: Ask) -> None:
        assert ask(Guarded).status == 403

    def test_asks_for_credentials(self, ask: Ask) -> None:
        assert ask(WithToken, Authorization="Bearer wrong").status in {401, 403}
        assert ask(WithToken, Authorization="Bearer right").status == 200

    def test_keeps_nothing_of_a_request(self, ask: Ask) -> None:
        view: Any = Greeting.as_view({"get": "retrieve"})

        async def both() -> tuple[HttpResponseBase, HttpResponseBase]:
            requests = [HttpRequest(), HttpRequest()]
            for request in requests:
                request.method = "GET"
            first, second = await asyncio.gather(*(view(request) for request in requests))
            return first, second

        first, second = asyncio.run(both())
        assert first is not second


class TestJsonAnswer:
    def test_sends_headers_that_were_set_later(self) -> None:
        answer = JsonAnswer(b"{}", 503)
        answer["Retry-After"] = "1"

        assert answer.ready_headers() == [
            (b"Content-Type", b"application/json"),
            (b"Retry-After", b"1"),
            (b"Content-Length", b"2"),
        ]

    def test_is_a_response_of_djangos(self) -> None:
        answer = JsonAnswer(b"{}")
        answer.content = b"[1]"

        assert answer.headers["Content-Type"] == "application/json"
        assert (answer.reason_phrase, answer.charset, answer.text) == ("OK", "utf-8", "[1]")
        assert dict(answer.cookies) == {}
        assert answer.ready_headers()[-1] == (b"Content-Length", b"3")
        answer.close()
        assert answer.closed
