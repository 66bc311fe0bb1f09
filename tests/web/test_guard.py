import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from web.asgi import Message, Receive, Scope, Send
from web.guard import REMEMBERED, Guard

PASSED = [{"type": "passed"}]


async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "passed"})


async def receive() -> Message:
    raise AssertionError("the body was read")


def make_guard(**options: Any) -> Guard:
    given: dict[str, Any] = {
        "allowed_hosts": ["localhost", ".example.org", "[::1]"],
        "trusted_origins": [],
        "probes": ["/healthz", "/readyz", "/readyz/"],
    }
    return Guard(application, **given | options)


def ask(guard: Guard, *headers: tuple[str, str], method: str = "POST", **scope: Any) -> list[Any]:
    """Send a request through the guard and give the messages that came back."""
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    given: Scope = {"type": "http", "method": method, "path": "/api/model", "headers": encoded} | scope
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard(given, receive, send))
    return sent


def refused_as(sent: Sequence[Message]) -> str:
    start, body = sent
    assert start["status"] == 403
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"application/json"
    assert int(headers[b"content-length"]) == len(body["body"])
    assert list(json.loads(body["body"])) == ["message"]
    return str(headers[b"error-code"].decode())


HOST = ("host", "localhost:5000")


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        ["localhost", "localhost:5000", "LOCALHOST:5000", "example.org", "a.b.example.org:80", "[::1]:5000"],
    )
    def test_that_are_allowed_pass(self, host: str) -> None:
        guard = make_guard()

        assert ask(guard, ("host", host)) == PASSED
        assert ask(guard, ("host", host)) == PASSED

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "localhost.evil.example", "badexample.org", "", ":5000", "local host", "127.0.0.1"],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_that_are_not_are_refused(self, host: str, method: str) -> None:
        guard = make_guard()

        assert refused_as(ask(guard, ("host", host), method=method)) == "host_not_allowed"
        assert refused_as(ask(guard, ("host", host), method=method)) == "host_not_allowed"

    def test_that_are_missing_or_doubled_are_refused(self) -> None:
        assert refused_as(ask(make_guard())) == "host_not_allowed"
        assert refused_as(ask(make_guard(), HOST, HOST)) == "host_not_allowed"

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz/"])
    def test_do_not_matter_to_probes(self, path: str) -> None:
        assert ask(make_guard(), ("host", "10.0.0.7:5000"), method="GET", path=path) == PASSED

    def test_are_the_proxy_s_word_only_where_it_is_trusted(self) -> None:
        headers = [("host", "backend"), ("x-forwarded-host", "example.org")]

        assert ask(make_guard(trusts_forwarded_host=True), *headers) == PASSED
        assert ask(make_guard(trusts_forwarded_host=True), HOST) == PASSED
        assert refused_as(ask(make_guard(), *headers)) == "host_not_allowed"

    def test_are_forgotten_before_they_fill_the_memory(self) -> None:
        guard = make_guard()

        for number in range(REMEMBERED + 5):
            ask(guard, ("host", f"h{number}.example.org"))

        assert len(guard._known_hosts) <= REMEMBERED


class TestSites:
    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [("origin", "http://localhost:5000")],
            [("origin", "HTTP://LOCALHOST:5000")],
            [("sec-fetch-site", "same-origin"), ("origin", "http://localhost:5000")],
            [("sec-fetch-site", "none")],
        ],
    )
    def test_of_our_own_may_change_things(self, headers: list[tuple[str, str]]) -> None:
        assert ask(make_guard(), HOST, *headers) == PASSED

    @pytest.mark.parametrize(
        "headers",
        [
            [("origin", "https://evil.example")],
            [("origin", "http://localhost:3000")],
            [("origin", "http://localhost")],
            [("origin", "null")],
            [("origin", "localhost:5000")],
            [("sec-fetch-site", "cross-site")],
            [("sec-fetch-site", "same-site")],
            [("sec-fetch-site", "cross-site"), ("origin", "http://localhost:5000")],
        ],
    )
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
    def test_of_others_may_not(self, headers: list[tuple[str, str]], method: str) -> None:
        guard = make_guard()

        assert refused_as(ask(guard, HOST, *headers, method=method)) == "cross_site_request"
        assert refused_as(ask(guard, HOST, *headers, method=method)) == "cross_site_request"

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    def test_of_others_may_read(self, method: str) -> None:
        assert ask(make_guard(), HOST, ("origin", "https://evil.example"), method=method) == PASSED

    @pytest.mark.parametrize(
        ("origin", "host"), [("http://localhost", "localhost:80"), ("https://example.org:443", "example.org")]
    )
    def test_are_the_same_with_and_without_the_scheme_s_port(self, origin: str, host: str) -> None:
        assert ask(make_guard(), ("host", host), ("origin", origin)) == PASSED

    @pytest.mark.parametrize(
        "origin", ["https://app.friend.org", "https://sub.wild.org", "https://a.b.wild.org"]
    )
    def test_that_are_trusted_may(self, origin: str) -> None:
        guard = make_guard(trusted_origins=["https://app.friend.org", "https://*.wild.org"])

        assert ask(guard, HOST, ("origin", origin)) == PASSED
        assert ask(guard, HOST, ("origin", origin), ("sec-fetch-site", "cross-site")) == PASSED

    @pytest.mark.parametrize(
        "origin",
        ["http://app.friend.org", "https://friend.org", "http://sub.wild.org", "https://notwild.org", "null"],
    )
    def test_that_only_resemble_a_trusted_one_may_not(self, origin: str) -> None:
        guard = make_guard(trusted_origins=["https://app.friend.org", "https://*.wild.org"])

        assert refused_as(ask(guard, HOST, ("origin", origin))) == "cross_site_request"

    def test_are_judged_anew_for_another_host(self) -> None:
        guard = make_guard()

        assert ask(guard, HOST, ("origin", "http://localhost:5000")) == PASSED
        other = ask(guard, ("host", "example.org"), ("origin", "http://localhost:5000"))

        assert refused_as(other) == "cross_site_request"


class TestWebSockets:
    def test_of_our_own_pass(self) -> None:
        assert ask(make_guard(), HOST, ("origin", "http://localhost:5000"), type="websocket") == PASSED

    def test_of_other_sites_are_closed_before_the_handshake(self) -> None:
        sent = ask(make_guard(), HOST, ("origin", "https://evil.example"), type="websocket")

        assert sent == [{"type": "websocket.close", "code": 1008}]

    def test_get_the_reason_where_the_server_can_give_it(self) -> None:
        sent = ask(
            make_guard(),
            HOST,
            ("origin", "https://evil.example"),
            type="websocket",
            extensions={"websocket.http.response": {}},
        )

        assert [message["type"] for message in sent] == [
            "websocket.http.response.start",
            "websocket.http.response.body",
        ]
        assert refused_as(sent) == "cross_site_request"


class TestLifespan:
    def test_passes(self) -> None:
        assert ask(make_guard(), type="lifespan") == PASSED
