"""SIGTERM, whatever the clients do: quick, with code 0, and with nothing to complain about."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests

from tests.servers.clients import Answer
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

# What unpickles it sleeps.
SLEEPING_PICKLE = b"ctime\nsleep\n(I600\ntR."
LISTEN = b"GET /api/stream/%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def counting(start: Start, forks: ForkServer, uploads: Uploads) -> Server:
    server = start(launcher=forks)
    with server.client() as client:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
    return server


def deaf(server: Server, path: bytes) -> socket.socket:
    """Open a stream that nobody reads, with little room for what comes."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(LISTEN % path)
    return client


def in_background(server: Server, lines: Iterator[bytes]) -> tuple[threading.Thread, list[requests.Response]]:
    """Begin to send lines, and return the thread that does and what will have the answer."""
    answers: list[requests.Response] = []
    url = f"http://localhost:{server.port}/api/stream"

    def send() -> None:
        answers.append(requests.post(url, data=lines, timeout=60))

    sending = threading.Thread(target=send)
    sending.start()
    return sending, answers


class TestStop:
    def test_is_quiet_after_halves_of_characters(self, counting: Server) -> None:
        half = b'{"features":{"a":1},"\\udc00":1}'
        with counting.client() as client:
            for path in ("/api/predict", "/api/learn", "/api/init"):
                refused = client.request("POST", path, half, {"Content-Type": "application/json"})
                assert (refused.status, refused.code) == (400, "invalid_request")
            lines = client.request("POST", "/api/stream", half + b"\n" + half)
            assert [json.loads(line)["error"] for line in lines.body.splitlines()] == ["invalid_request"] * 2

        assert counting.stop() == 0

    def test_does_not_wait_for_streams_that_nobody_reads(self, counting: Server) -> None:
        silent = [deaf(counting, path) for path in (b"events", b"live", b"metrics") * 7]
        features = {"tag": 0, "text": "x" * 2000}
        lines = (json.dumps({"features": features, "ground_truth": 1.0}) + "\n").encode() * 4000
        with counting.client() as client:
            assert client.request("POST", "/api/stream", lines).status == 200

        assert counting.stop() == 0

        # Uvicorn says so when half of SHUTDOWN_SECONDS has passed.
        assert "timeout graceful shutdown exceeded" not in counting.log
        assert counting.complaints == []
        for listener in silent:
            listener.close()

    def test_reads_on_where_the_answers_do_not_fit_between_it_and_the_client(self, counting: Server) -> None:
        begun = threading.Event()
        long = "x" * 1000

        def lines() -> Iterator[bytes]:
            for number in range(60_000):
                if number == 30_000:
                    begun.set()
                yield b'{"features": {"x": 1.5}, "ref": "%s"}\n' % long.encode()

        answers: list[requests.Response] = []
        url = f"http://localhost:{counting.port}/api/stream"
        sending = threading.Thread(
            target=lambda: answers.append(requests.post(url, data=lines(), timeout=60))
        )
        sending.start()
        assert begun.wait(60)

        assert counting.stop() == 0
        sending.join(60)

        (answer,) = answers
        *done, last = answer.text.splitlines()
        assert json.loads(last)["line"] == len(done) + 1
        assert {json.loads(line)["ref"] for line in done} == {long}
        assert counting.complaints == []

    def test_lets_a_client_read_what_was_done_before_it_had_sent_everything(self, counting: Server) -> None:
        begun = threading.Event()

        def lines() -> Iterator[bytes]:
            for number in range(400_000):
                if number == 2000:
                    begun.set()
                yield b'{"features": {"x": 1.5, "tag": %d}, "ground_truth": 1.0}\n' % number

        answers: list[requests.Response] = []
        url = f"http://localhost:{counting.port}/api/stream"
        sending = threading.Thread(
            target=lambda: answers.append(requests.post(url, data=lines(), timeout=60))
        )
        sending.start()
        assert begun.wait(30)
        wait_until(lambda: counting.database.seq("counting") > 0)

        assert counting.stop() == 0
        sending.join(60)

        (answer,) = answers
        *done, last = answer.text.splitlines()
        assert json.loads(last)["error"] == "server_stopping"
        assert json.loads(last)["line"] == len(done) + 1
        assert done == ["{}"] * len(done)
        assert len(counting.database.learns("counting")) == len(done)


def n_connections(port: int) -> int:
    """Return how many connections the server on a port has accepted and not closed."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


class TestStuck:
    def test_models_and_uploads_do_not_hold_up_a_stop(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks)
        answers: list[Answer] = []
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("sleeping"), "stuck")
        learn = json.dumps({"features": {"sleep": 600.0}, "ground_truth": 1.0}).encode()
        asked = [("POST", "/api/model/x", SLEEPING_PICKLE), ("GET", "/api/model/stuck", None)]
        asked += [("GET", "/api/metrics?model=stuck", None), ("POST", "/api/stream", learn)]

        def ask(method: str, path: str, body: bytes | None) -> None:
            with server.client() as client:
                answers.append(client.request(method, path, body, {"Content-Type": "application/json"}))

        def started(*each: object) -> threading.Thread:
            thread = threading.Thread(target=ask, args=each)
            thread.start()
            return thread

        waiting = [started("POST", "/api/learn", learn)]
        with server.client() as client:
            wait_until(lambda: b"chantilly_model_busy_seconds{" in client.get("/metrics").body)
        # Only now: who comes before the model is stuck is answered.
        waiting += [started(*each) for each in asked]
        wait_until(lambda: n_connections(server.port) >= len(waiting))

        assert server.stop() == 0
        for thread in waiting:
            thread.join(60)

        reported = sorted((answer.status, answer.code) for answer in answers)
        assert reported == [(200, None), *[(503, "server_stopping")] * 4]
        (lines,) = [answer.body.splitlines() for answer in answers if answer.status == 200]
        assert {json.loads(line)["error"] for line in lines} == {"server_stopping"}
        # Uvicorn says so when half of SHUTDOWN_SECONDS has passed.
        assert "timeout graceful shutdown exceeded" not in server.log
        assert server.complaints == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/api/predict", {}, 413),
            ("/api/model/x", {"Origin": "https://evil.example"}, 403),
            ("/api/stream", {"Host": "evil.example"}, 403),
            ("/api/learn/x", {}, 404),
        ],
    )
    def test_before_the_end_of_a_body_can_be_read(
        self, server: Server, path: str, headers: dict[str, str], status: int
    ) -> None:
        def body() -> Iterator[bytes]:
            for _ in range(640):
                yield b"x" * 65_536

        url = f"http://localhost:{server.port}{path}"
        answers: list[requests.Response | httpx.Response] = [
            requests.post(url, data=body(), headers=headers, timeout=30),
            httpx.post(url, content=body(), headers=headers, timeout=30),
            requests.post(url, data=b"".join(body()), headers=headers, timeout=30),
        ]

        assert [answer.status_code for answer in answers] == [status] * 3
        assert all("Error-Code" in answer.headers for answer in answers)

    def test_leave_the_connection_open_to_a_client_that_reads_nothing_before_it_has_sent_everything(
        self, server: Server
    ) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(
                b"POST /api/model/x HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 40000000\r\n\r\n"
            )
            # A connection that was reset takes no more.
            client.sendall(b"x" * 40_000_000)
            answer = b"".join(iter(lambda: client.recv(65_536), b""))

        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"\r\nconnection: close\r\n" in answer
