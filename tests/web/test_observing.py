import asyncio
from typing import Any

import pytest

from chantilly_project.requests import ModelRequest
from models_app.engine.tracing import current_trace
from web.observing import Observed, Request, Routes

Sent = list[dict[str, Any]]


def scope(kind: str = "http", *, headers: Any = (), path: str = "/api/models") -> dict[str, Any]:
    return {"type": kind, "method": "GET", "path": path, "headers": list(headers), "query_string": b""}


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


def observe(application: Any, asked: dict[str, Any]) -> tuple[list[Request], Sent]:
    """Return what was reported of a request, and what was sent."""
    reported: list[Request] = []
    sent: Sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    observed = Observed(
        application, [reported.append], make=ModelRequest, current=current_trace, sockets=["/ws/stream"]
    )
    asyncio.run(observed(asked, None, send))  # type: ignore[arg-type]
    return reported, sent


class TestObserved:
    def test_reports_a_request_at_its_end(self) -> None:
        (request,), sent = observe(answering, scope())

        assert (request.method, request.path, request.route) == ("GET", "/api/models", "/api/models")
        assert (request.status, request.outcome, request.client) == (200, "ok", None)
        assert request.started_at < request.ended_at
        assert (b"x-request-id", request.request_id.encode()) in sent[0]["headers"]
        assert current_trace.get() is None

    @pytest.mark.parametrize(
        ("given", "is_taken"),
        [
            (b"a-B_c.9", True),
            (b"x" * 64, True),
            (b"x" * 65, False),
            (b"", False),
            (b"a b", False),
            (b"a\nb", False),
            (b"\xff", False),
        ],
    )
    def test_takes_the_id_of_a_proxy_if_it_is_one(self, given: bytes, is_taken: bool) -> None:
        (request,), _ = observe(answering, scope(headers=[(b"x-request-id", given)]))

        assert (request.request_id.encode() == given) is is_taken
        assert request.request_id.isprintable()

    def test_draws_another_id_for_each_request(self) -> None:
        assert len({observe(answering, scope())[0][0].request_id for _ in range(20)}) == 20

    def test_reports_a_client_that_went_away(self) -> None:
        async def silent(scope: Any, receive: Any, send: Any) -> None:
            """Answer nothing."""

        (request,), _ = observe(silent, scope())

        assert (request.status, request.outcome) == (None, "gone")

    def test_reports_what_it_lets_pass(self) -> None:
        reported: list[Request] = []

        async def failing(scope: Any, receive: Any, send: Any) -> None:
            raise ArithmeticError

        with pytest.raises(ArithmeticError):
            asyncio.run(Observed(failing, [reported.append])(scope(), None, None))  # type: ignore[arg-type]

        assert [(request.status, request.outcome) for request in reported] == [(500, "failed")]

    def test_says_why_a_request_was_refused(self) -> None:
        async def refusing(scope: Any, receive: Any, send: Any) -> None:
            headers = [(b"Error-Code", b"internal_error"), (b"Error-Id", b"abc"), (b"Other", b"x")]
            await send({"type": "http.response.start", "status": 500, "headers": headers})

        (request,), _ = observe(refusing, scope())

        assert (request.error, request.error_id, request.outcome) == ("internal_error", "abc", "failed")

    @pytest.mark.parametrize(
        ("messages", "status"),
        [
            ([{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1000}], 101),
            ([{"type": "websocket.close", "code": 1008}], 403),
            ([{"type": "websocket.http.response.start", "status": 403, "headers": []}], 403),
        ],
    )
    def test_reports_a_websocket(self, messages: list[dict[str, Any]], status: int) -> None:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            for message in messages:
                await send(message)

        (request,), _ = observe(application, scope("websocket", path="/ws/stream"))

        assert (request.method, request.route, request.status) == ("WEBSOCKET", "/ws/stream", status)

    def test_reports_nothing_of_the_servers_own_messages(self) -> None:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            """Do nothing."""

        assert observe(application, {"type": "lifespan"}) == ([], [])

    @pytest.mark.parametrize(
        ("query", "model"), [(b"model=a%20b", "a b"), (b"model=", None), (b"x=1", None), (b"xmodel=1", None)]
    )
    def test_finds_the_model_in_the_query(self, query: bytes, model: str | None) -> None:
        (request,), _ = observe(answering, scope() | {"query_string": query})

        assert isinstance(request, ModelRequest)
        assert request.model == model

    def test_has_no_short_way_where_the_application_has_none(self) -> None:
        assert Observed(answering, []).short_way(scope(), 0) is None


class TestRoutes:
    @pytest.mark.parametrize(
        ("path", "route", "name"),
        [
            ("/", "/", None),
            ("/api/predict", "/api/predict", None),
            ("/api/predict/", "/api/predict", None),
            ("/api/model/a b", "/api/model/<str:name>", "a b"),
            ("/models/house/", "/models/<str:name>/", "house"),
            ("/ws/stream", "/ws/stream", None),
            ("/nothing/here", None, None),
        ],
    )
    def test_finds_what_an_address_leads_to(self, path: str, route: str | None, name: str | None) -> None:
        routes = Routes(["/ws/stream"])

        parameters = {} if name is None else {"name": name}
        assert [routes.find(path) for _ in range(2)] == [(route, parameters)] * 2
