"""A POST that comes in one piece is answered without a task; nobody sees a difference."""

import json
import re
import socket
from collections.abc import Iterator

import pytest

from tests.servers.conftest import Start
from tests.servers.servers import Server
from tests.servers.test_answers import SECONDS, read_answer, request
from tests.servers.waiting import wait_until
from tests.services.instances import logistic

FEATURES = {"x": 1.0}
BODIES: list[tuple[str, object]] = [
    ("/api/predict", {"features": FEATURES}),
    ("/api/predict", {"features": FEATURES, "id": "kept"}),
    ("/api/predict", {"features": FEATURES, "model": "none"}),
    ("/api/predict", {"features": [1]}),
    ("/api/predict", {"features": "text"}),
    ("/api/predict", {}),
    ("/api/predict", {"features": FEATURES, "foo": 1}),
    ("/api/predict", [{"features": FEATURES}, {}]),
    ("/api/learn", {"id": "never", "ground_truth": True}),
    ("/api/learn", {"features": FEATURES, "ground_truth": "text"}),
    ("/api/learn", {"ground_truth": True}),
    ("/api/init", {"flavor": "none"}),
    ("/api/nothing", {}),
]


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    with server.client() as client:
        client.init("binary")
        client.upload(logistic(), "bench")
        # From now on the server knows what the addresses lead to.
        assert client.predict(features=FEATURES).status == 200
        assert client.learn(features=FEATURES, ground_truth=False).status == 201
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as made:
        yield made


def post(path: str, body: object, *headers: str) -> bytes:
    return request(f"POST {path}", *headers, body=json.dumps(body).encode())


def chunked(path: str, body: object) -> bytes:
    text = json.dumps(body).encode()
    head = request(f"POST {path}", "Transfer-Encoding: chunked")
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)


def answer(connection: socket.socket, sent: bytes) -> tuple[bytes, set[bytes], bytes]:
    """Return status line, the other lines of the head, and the body."""
    connection.sendall(sent)
    head, _, body = read_answer(connection).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, {line for line in lines if not line.startswith(b"date:")}, body


class TestShortWay:
    @pytest.mark.parametrize(("path", "body"), BODIES, ids=lambda value: json.dumps(value)[:60])
    def test_answers_as_the_long_one_does(self, connection: socket.socket, path: str, body: object) -> None:
        assert answer(connection, post(path, body)) == answer(connection, chunked(path, body))

    def test_sends_the_date(self, connection: socket.socket) -> None:
        connection.sendall(post("/api/predict", {"features": FEATURES}))

        assert re.search(
            rb"\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", read_answer(connection)
        )

    def test_refuses_what_is_no_json(self, connection: socket.socket) -> None:
        status, _, body = answer(connection, request("POST /api/predict", body=b'{"features": '))

        assert status == b"HTTP/1.1 400 Bad Request"
        assert b"not valid JSON" in body

    def test_is_closed_to_other_sites(self, connection: socket.socket) -> None:
        sent = post("/api/predict", {"features": FEATURES}, "Origin: https://evil.example")

        status, lines, _ = answer(connection, sent)

        assert status == b"HTTP/1.1 403 Forbidden"
        assert b"error-code: cross_site_request" in lines

    def test_answers_requests_in_one_packet_in_their_order(self, connection: socket.socket) -> None:
        ids = [f"packed-{number}" for number in range(20)]
        sent = [post("/api/predict", {"features": FEATURES, "id": name}) for name in ids]
        sent += [post("/api/learn", {"ground_truth": True, "id": name}) for name in ids]
        sent.append(post("/api/learn", {"ground_truth": True, "id": ids[0]}))
        connection.sendall(b"".join(sent) + request("GET /healthz", "Connection: close"))

        received = b""
        while data := connection.recv(65536):
            received += data

        statuses = re.findall(rb"HTTP/1.1 (\d+)", received)
        assert statuses == [b"201"] * 40 + [b"400", b"200"]

    def test_ends_the_connection_where_that_is_asked_for(self, connection: socket.socket) -> None:
        connection.sendall(post("/api/predict", {"features": FEATURES}, "Connection: close"))

        assert read_answer(connection).startswith(b"HTTP/1.1 200")
        assert connection.recv(1) == b""

    def test_does_what_was_asked_by_a_client_that_is_gone(
        self, connection: socket.socket, server: Server
    ) -> None:
        connection.sendall(post("/api/predict", {"features": FEATURES, "id": "gone"}))
        connection.close()

        with server.client() as client:
            wait_until(lambda: client.learn(id="gone", ground_truth=True).status == 201)

    def test_counts_its_calls_and_refusals(self, connection: socket.socket, server: Server) -> None:
        with server.client() as client:
            calls = client.get("/api/stats").json["predict"]["n_calls"]
        answer(connection, post("/api/predict", {"features": FEATURES}))
        answer(connection, post("/api/predict", {}))

        with server.client() as client:
            wait_until(lambda: client.get("/api/stats").json["predict"]["n_calls"] == calls + 2)

    def test_keeps_to_the_limit_of_bodies(self, start: Start) -> None:
        server = start(MAX_BODY_BYTES="100")
        with server.client() as client:
            client.init("binary")
            client.upload(logistic(), "bench")
            assert client.predict(features=FEATURES).status == 200
            assert client.predict(features={"x": "long" * 100}).status == 413
            assert client.predict(features=FEATURES).status == 200
