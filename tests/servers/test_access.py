"""With AUTH_REQUIRED, who has no token gets nothing, and who has one gets what it is for."""

import http.client
import json
import pickle
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from river import linear_model
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from models_app.domain.scopes import SCOPES
from tests.access.routes import routes
from tests.servers.clients import Answer, Client
from tests.servers.databases import put_alert
from tests.servers.listeners import listening
from tests.servers.servers import Server
from tests.servers.waiting import wait_until
from web.needs import Need

# What is revoked is refused after that long, by the promise; the rest is for a machine that is busy.
SECONDS = 1.0 + 4.0


@dataclass(frozen=True)
class Tokens:
    """Makes tokens by command, and keeps those that were made."""

    server: Server
    made: dict[tuple[str, ...], str]

    def __call__(
        self,
        *scopes: str,
        models: tuple[str, ...] = (),
        name: str | None = None,
        bounds: tuple[str, ...] = (),
    ) -> str:
        key = (*scopes, *(f"--model={pattern}" for pattern in models))
        if name is not None or key not in self.made:
            called = name or f"token {len(self.made)}"
            options = [f"--scope={scope}" for scope in scopes] + [f"--model={model}" for model in models]
            options += bounds
            done = self.server.manage("create_token", called, *options)
            assert done.returncode == 0, done.stderr
            token = done.stdout.strip()
            self._wait(token)
            if name is not None:
                return token
            self.made[key] = token
        return self.made[key]

    def _wait(self, token: str) -> None:
        with self.server.client() as client:
            wait_until(lambda: client.request("GET", "/api/nothing", None, bearer(token)).status == 404)

    def revoke(self, name: str) -> None:
        done = self.server.manage("revoke_token", name)
        assert done.returncode == 0, done.stderr


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def server(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(template, tmp_path_factory.mktemp("access"), AUTH_REQUIRED="1")
    server.start()
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture(scope="module")
def tokens(server: Server) -> Tokens:
    return Tokens(server, {})


class Caller:
    """A client with a token."""

    def __init__(self, client: Client, token: str) -> None:
        self._client = client
        self.headers = bearer(token)

    def __call__(self, method: str, path: str, content: object = None, **headers: str) -> Answer:
        body = (
            content
            if isinstance(content, bytes)
            else None
            if content is None
            else json.dumps(content).encode()
        )
        return self._client.request(method, path, body, {**self.headers, **headers})


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def owner(client: Client, tokens: Tokens) -> Caller:
    """Somebody who may do everything, on an instance with the models a1 and b1; the latter is the default."""
    owner = Caller(client, tokens(*SCOPES))
    assert owner("POST", "/api/init", {"flavor": "regression"}).status == 201
    for name in ("a1", "b1"):
        assert (
            owner("POST", f"/api/model/{name}", pickle.dumps(linear_model.LinearRegression())).status == 201
        )
    return owner


@pytest.fixture
def limited(client: Client, tokens: Tokens, owner: Caller) -> Caller:
    """Somebody who may do everything with the models whose name begins with an a."""
    return Caller(client, tokens(*SCOPES, models=("a*",)))


def status_of(server: Server, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str | None]:
    """Return status and code of an answer, which may be one that never ends."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, b"{" if method == "POST" else None, dict(headers))
        response = connection.getresponse()
        return response.status, response.getheader("Error-Code")
    finally:
        connection.close()


def expected(need: Need, scopes: tuple[str, ...]) -> bool:
    return need.is_open or not need.scopes or any(scope in need.scopes for scope in scopes)


class TestEveryRoute:
    def test_wants_what_it_names(self, server: Server, tokens: Tokens, owner: Caller) -> None:
        holders: dict[tuple[str, ...], dict[str, str]] = {(scope,): bearer(tokens(scope)) for scope in SCOPES}
        n_tried = 0
        for method, path, need in routes():
            address = path.replace("<str:name>", "nobody").replace("<path:path>", "x.html")
            unknown = status_of(server, method, address, {})
            wrong = status_of(server, method, address, bearer("chantilly_no"))
            if need.is_open:
                assert unknown[0] not in {401, 403}, (method, path)
            else:
                # Who comes with a browser is asked to log in.
                is_page = need.is_page or not path.startswith(("/api/", "/metrics"))
                assert unknown[0] == (302 if is_page else 401), (method, path)
                assert wrong == (302 if need.is_page else 401, "unauthenticated"), (method, path)
            for scopes, headers in holders.items():
                status, code = status_of(server, method, address, headers)
                if expected(need, scopes):
                    assert status not in {401, 403}, (method, path, scopes)
                else:
                    assert (status, code) == (403, "forbidden"), (method, path, scopes)
            n_tried += 1
        assert n_tried > 30

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login/", "/static/monitoring/dashboard.css"])
    def test_but_these_is_closed(self, client: Client, path: str) -> None:
        assert client.get(path).status == 200

    @pytest.mark.parametrize(
        "path",
        ["/api/models/", "/api//models", "/api/%6dodels", "/%61pi/models", "/api/models?token=x",
         "/api/nothing",
         "/api/../api/models", "/metrics", "/metrics/", "//metrics", "/api/model/%2e%2e"],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "POST"])
    def test_is_closed_however_it_is_written(self, client: Client, path: str, method: str) -> None:
        answer = client.request(method, path)

        assert answer.status in {401, 404}, answer
        assert b"models" not in answer.body or answer.status == 404


class TestTokens:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_are_taken_in_any_case_of_the_scheme(self, client: Client, owner: Caller, scheme: str) -> None:
        token = owner.headers["Authorization"].removeprefix("Bearer ")

        assert (
            client.request("GET", "/api/models", None, {"Authorization": f"{scheme}  {token}"}).status == 200
        )

    @pytest.mark.parametrize(
        "change",
        [str.upper, lambda token: token[:-1], lambda token: token + "x", lambda token: "",
         lambda token: f"{token} {token}",
         lambda token: f'"{token}"', lambda token: f"{token},{token}", lambda token: "x" * 30_000],
    )  # fmt: skip
    def test_are_taken_as_they_are_only(self, client: Client, owner: Caller, change: Any) -> None:
        token = change(owner.headers["Authorization"].removeprefix("Bearer "))

        answer = client.request("GET", "/api/models", None, bearer(token))

        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_are_taken_from_one_header_only(self, server: Server, owner: Caller) -> None:
        header = f"Authorization: {owner.headers['Authorization']}\r\n"
        for n, status in ((1, b"200"), (2, b"401")):
            for line in ("GET /api/models", "POST /api/predict"):
                body = b'{"features": {}}' if line.startswith("POST") else b""
                head = (
                    f"{line} HTTP/1.1\r\nHost: localhost\r\n{header * n}Content-Length: {len(body)}\r\n\r\n"
                )
                with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
                    connection.sendall(head.encode() + body)
                    assert connection.recv(4096).split(b" ", 2)[1] == status

    def test_are_not_taken_from_the_address(self, client: Client, owner: Caller) -> None:
        token = owner.headers["Authorization"].removeprefix("Bearer ")
        for name in ("token", "access_token", "ticket"):
            assert client.get(f"/api/models?{name}={token}").status == 401

    def test_are_refused_before_a_body_is_read(self, server: Server) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.putrequest("POST", "/api/model/x")
        connection.putheader("Content-Length", "100000000")
        connection.endheaders()

        assert connection.getresponse().status == 401
        connection.close()

    def test_that_are_revoked_are_refused_where_their_head_is_known(
        self, server: Server, tokens: Tokens
    ) -> None:
        token = tokens("predict", name="to be revoked")
        body = b'{"features": {"x": 1}, "model": "nobody"}'
        request = (
            f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        with socket.create_connection(("127.0.0.1", server.port), 30) as connection:

            def ask() -> bytes:
                connection.sendall(request)
                return connection.recv(65536)

            for _ in range(3):
                assert b" 400 " in ask().splitlines()[0]
            tokens.revoke("to be revoked")
            at = time.monotonic()
            while b" 401 " not in (answer := ask()):
                assert time.monotonic() < at + SECONDS, answer
                time.sleep(0.01)

    def test_that_expire_are_refused(self, server: Server, client: Client) -> None:
        token = server.manage("create_token", "short", "--scope=read", "--expires=4s").stdout.strip()
        caller = Caller(client, token)

        wait_until(lambda: caller("GET", "/api/init").status != 401)
        wait_until(lambda: caller("GET", "/api/init").status == 401)

    def test_show_when_they_were_used(self, server: Server, owner: Caller) -> None:
        owner("GET", "/api/models")

        wait_until(lambda: "never" not in _line(server, "token 0").rsplit("  ", 1)[1])


def _line(server: Server, name: str) -> str:
    printed = server.manage("list_tokens").stdout
    return next(line for line in printed.splitlines() if line.startswith(name)).rstrip()


def refusals(answer: Answer) -> list[str | None]:
    return [record.get("error") for record in map(json.loads, answer.body.splitlines())]


X = {"features": {"x": 1.0}}


class TestLimitedTokens:
    def test_predict_and_learn_by_their_models(self, limited: Caller) -> None:
        assert limited("POST", "/api/predict", {**X, "model": "a1", "id": "p"}).status == 201
        assert limited("POST", "/api/learn", {"id": "p", "ground_truth": 1}).status == 201
        assert limited("POST", "/api/learn", {**X, "model": "a1", "ground_truth": 1}).status == 201
        assert limited("GET", "/api/model/a1").status == 200

    @pytest.mark.parametrize(
        ("method", "path", "content"),
        [
            ("POST", "/api/predict", {**X, "model": "b1"}),
            ("POST", "/api/predict", {**X, "model": "b-nobody"}),
            # By the default model, which is b1.
            ("POST", "/api/predict", X),
            ("POST", "/api/predict", {**X, "id": "mine"}),
            ("POST", "/api/learn", {**X, "ground_truth": 1}),
            ("POST", "/api/learn", {**X, "model": "b1", "ground_truth": 1}),
            ("POST", "/api/learn", {"id": "of b1", "ground_truth": 1}),
            ("POST", "/api/learn", {"id": "of b1", "ground_truth": 1, "model": "a1"}),
            ("POST", "/api/learn", {"id": "of b1", "ground_truth": 1, "model": "b1"}),
            # It would take the place of what b1 has pending.
            ("POST", "/api/predict", {**X, "model": "a1", "id": "of b1"}),
            ("POST", "/api/model/b2", b"..."),
            ("POST", "/api/model", b"..."),
            ("GET", "/api/model", None),
            ("GET", "/api/model/b1", None),
            ("GET", "/api/model/%62%31", None),
            ("DELETE", "/api/model/b1", None),
            ("POST", "/api/init", {"flavor": "binary"}),
            ("GET", "/api/metrics", None),
            ("GET", "/api/metrics?model=b1", None),
            ("GET", "/api/metrics?model=%62%31", None),
            ("GET", "/api/metrics?model=a1&model=b1", None),
            ("GET", "/api/stats?model=b1", None),
            ("GET", "/api/labels?model=b1", None),
            ("GET", "/api/model/b1/estimates", None),
            ("POST", "/api/model/b1/forget", {"id": "of b1"}),
            ("GET", "/api/model/b1/snapshots", None),
            ("POST", "/api/model/b1/snapshots", None),
            ("POST", "/api/model/b1/rollback", {"seq": 0}),
            ("POST", "/api/model/b1/default", None),
            ("GET", "/api/model/b1/notes", None),
            ("POST", "/api/model/b1/notes", {"text": "b1"}),
            ("DELETE", "/api/model/b1/notes?id=1", None),
            ("GET", "/api/model/a1/estimates?policy=model:b1", None),
            ("GET", "/models/a1/estimates/", None),
            ("GET", "/api/model/b1/mutes", None),
            ("POST", "/api/model/b1/mutes", {"kind": "drift", "seconds": 60}),
            ("DELETE", "/api/model/b1/mutes?kind=drift", None),
            ("GET", "/api/alerts", None),
            ("GET", "/api/alerts?model=b1", None),
            ("GET", "/api/alerts/ALERT", None),
            ("POST", "/api/alerts/ALERT/acknowledge", {"note": "of b1"}),
            ("GET", "/api/metrics/history?model=b1", None),
            ("GET", "/api/stream/events", None),
            ("GET", "/api/stream/live", None),
            ("GET", "/api/stream/live?model=a1&model=b1", None),
            ("GET", "/metrics", None),
            ("GET", "/", None),
            ("GET", "/models/b1/", None),
            ("GET", "/compare/", None),
        ],
    )
    def test_get_nowhere_else(
        self, server: Server, owner: Caller, limited: Caller, method: str, path: str, content: object
    ) -> None:
        assert owner("POST", "/api/predict", {**X, "model": "b1", "id": "of b1"}).status == 201
        before = [server.database.learns(name) for name in ("a1", "b1")]
        alert_id = put_alert(server.database, "b1")

        answer = limited(method, path.replace("ALERT", str(alert_id)), content)

        assert (answer.status, answer.code) == (403, "forbidden"), answer
        assert [server.database.learns(name) for name in ("a1", "b1")] == before
        # What is pending is still.
        assert owner("POST", "/api/learn", {"id": "of b1", "ground_truth": 1}).status == 201

    @pytest.mark.parametrize(
        ("path", "offer"),
        [
            ("/", 'id="upload"'),
            ("/models/a1/", 'id="manage"'),
            ("/alerts/?state=", 'class="acknowledge"'),
            ("/compare/", None),
        ],
    )
    def test_are_offered_on_pages_what_they_may_do(
        self, server: Server, client: Client, owner: Caller, tokens: Tokens, path: str, offer: str | None
    ) -> None:
        put_alert(server.database, "a1")
        reader = Caller(client, tokens("read"))

        for caller, may in ((owner, True), (reader, False)):
            answer = caller("GET", path)
            assert answer.status == 200, answer
            assert offer is None or (offer in answer.body.decode()) == may, (path, may)

    def test_see_their_models_only(self, limited: Caller) -> None:
        answer = limited("GET", "/api/models?details=1").json

        assert (answer["models"], answer["default"]) == (["a1"], None)
        assert [model["name"] for model in answer["details"]] == ["a1"]

    def test_are_refused_record_by_record(self, owner: Caller, limited: Caller) -> None:
        owner("POST", "/api/predict", {**X, "model": "b1", "id": "of b1"})
        records = [
            {**X, "model": "a1", "id": 1}, {**X, "model": "b1"}, X, {"id": 1, "ground_truth": 1},
            {"id": "of b1", "ground_truth": 1}, {**X, "model": "a1"},
        ]  # fmt: skip
        lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)

        streamed = limited("POST", "/api/stream", lines)
        array = limited("POST", "/api/predict", records)

        no = "forbidden"
        assert refusals(streamed) == [None, no, no, None, no, None]
        assert [record.get("error") for record in array.json] == [
            None,
            no,
            no,
            "invalid_request",
            "invalid_request",
            None,
        ]

    def test_hear_no_names_of_others(self, limited: Caller) -> None:
        answer = limited("POST", "/api/predict", {**X, "model": "a"})

        assert answer.message == "No model named 'a'."


class TestRecords:
    def test_need_the_scope_of_what_they_are(self, client: Client, tokens: Tokens, owner: Caller) -> None:
        records = [
            X,
            {**X, "ground_truth": 1},
            {**X, "op": "predict"},
            {**X, "op": "learn", "ground_truth": 1},
        ]
        lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        no = "forbidden"
        for scope, found in (("predict", [None, no, None, no]), ("learn", [no, None, no, None])):
            caller = Caller(client, tokens(scope))

            answer = caller("POST", "/api/stream", lines)

            assert refusals(answer) == found
            refused = [json.loads(line)["message"] for line in answer.body.splitlines() if b"error" in line]
            other = {"predict": "learn", "learn": "predict"}[scope]
            assert refused == [f"This needs the scope '{other}'."] * 2

    def test_of_arrays_say_what_they_are_too(self, client: Client, tokens: Tokens, owner: Caller) -> None:
        caller = Caller(client, tokens("predict"))

        answer = caller("POST", "/api/predict", [X, {**X, "op": "learn", "ground_truth": 1}])

        assert [record.get("error") for record in answer.json] == [None, "forbidden"]


def open_socket(server: Server, path: str = "/ws/stream", **headers: str) -> ClientConnection:
    return connect(f"ws://localhost:{server.port}{path}", additional_headers=headers, proxy=None)


class TestSockets:
    def test_are_opened_for_tokens_and_tickets(self, server: Server, owner: Caller) -> None:
        ticket = owner("POST", "/api/ticket").json["ticket"]
        for path, headers in (("/ws/stream", owner.headers), (f"/ws/stream?ticket={ticket}", {})):
            with open_socket(server, path, **headers) as connection:
                connection.send(json.dumps(X))
                assert json.loads(connection.recv(30))["model"] == "b1"

    @pytest.mark.parametrize(("scopes", "status"), [((), 401), (("read", "manage"), 403)])
    def test_are_opened_for_nobody_else(
        self, server: Server, tokens: Tokens, scopes: tuple[str, ...], status: int
    ) -> None:
        headers = bearer(tokens(*scopes)) if scopes else {}
        for path in ("/ws/stream", "/ws/stream/"):
            with pytest.raises(InvalidStatus) as refused:
                open_socket(server, path, **headers)
            assert refused.value.response.status_code == status

    def test_refuse_records_once_the_token_is_revoked(
        self, server: Server, tokens: Tokens, owner: Caller
    ) -> None:
        token = tokens("predict", name="of a socket")
        with open_socket(server, **bearer(token)) as connection:

            def ask() -> Any:
                connection.send(json.dumps([X, {"features": 5}]))
                return [record.get("error") for record in json.loads(connection.recv(30))]

            assert ask() == [None, "invalid_request"]
            tokens.revoke("of a socket")
            at = time.monotonic()
            while ask() != ["unauthenticated", "unauthenticated"]:
                assert time.monotonic() < at + SECONDS
                time.sleep(0.01)


class TestStreams:
    def test_are_opened_by_tickets(self, server: Server, client: Client, owner: Caller) -> None:
        ticket = owner("POST", "/api/ticket").json
        assert ticket["expires_in"] == 60

        with listening(server.port, f"/api/stream/events?ticket={ticket['ticket']}") as events:
            owner("POST", "/api/predict", X)
            assert next(events).event == "predict"
        # Nothing but streams takes one.
        assert client.get(f"/api/models?ticket={ticket['ticket']}").status == 401

    def test_are_not_opened_by_tickets_of_who_may_not_or_that_are_none(
        self, client: Client, tokens: Tokens, owner: Caller
    ) -> None:
        ticket = Caller(client, tokens("predict"))("POST", "/api/ticket").json["ticket"]

        assert client.get(f"/api/stream/events?ticket={ticket}").status == 403
        for wrong in (ticket[:-1], "", "MA:x:y", f"MA{ticket[2:]}"):
            assert client.get(f"/api/stream/events?ticket={wrong}").status == 401

    def test_end_once_the_token_is_revoked(self, server: Server, tokens: Tokens, owner: Caller) -> None:
        token = tokens("read", name="of a stream")
        with server.client() as asking:
            ticket = Caller(asking, token)("POST", "/api/ticket").json["ticket"]
        with listening(server.port, f"/api/stream/events?ticket={ticket}") as events:
            owner("POST", "/api/predict", X)
            assert next(events).event == "predict"
            tokens.revoke("of a stream")
            with server.client() as asking:
                caller = Caller(asking, token)
                wait_until(lambda: caller("GET", "/api/init").status == 401)
            owner("POST", "/api/predict", X)

            assert list(events) == []


class TestAudit:
    def test_names_the_token_and_the_address(self, owner: Caller, tokens: Tokens) -> None:
        made = owner("GET", "/api/audit", None).json["entries"]

        assert [(entry["action"], entry["model"]) for entry in made[:3]] == [
            ("upload", "b1"),
            ("upload", "a1"),
            ("init", ""),
        ]
        assert {entry["origin"] for entry in made[:3]} == {"127.0.0.1"}
        assert all(entry["actor"].startswith("token '") for entry in made[:3])
        for method, path, action in (
            ("GET", "/api/model/a1", "download"),
            ("GET", "/api/model", "download"),
            ("GET", "/api/model/a1?format=spec", "download"),
            ("DELETE", "/api/model/a1", "delete"),
        ):
            owner(method, path)
            newest = owner("GET", "/api/audit?limit=1").json["entries"][0]
            assert (newest["action"], newest["actor"]) == (action, made[0]["actor"])

    def test_has_nothing_of_what_is_refused(self, owner: Caller, client: Client, tokens: Tokens) -> None:
        before = owner("GET", "/api/audit?limit=1").json["entries"]

        reader = Caller(client, tokens("read"))
        assert reader("DELETE", "/api/model/a1").status == 403
        assert reader("GET", "/api/audit").status == 403
        assert owner("POST", "/api/model/a1", b"nonsense").status == 400

        assert owner("GET", "/api/audit?limit=1").json["entries"] == before
