"""The log: as text, and as JSON with a line for each request."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.listeners import listening
from tests.servers.servers import Server, run_manage
from tests.servers.test_contract import HOUSE, regression
from tests.servers.test_sockets import ask, open_socket
from tests.servers.waiting import wait_until


def requests(server: Server, **wanted: object) -> list[dict[str, Any]]:
    """Return the lines of requests that have these values."""
    reported = [line for line in server.reported if line["logger"] == "chantilly.requests"]
    return [line for line in reported if wanted.items() <= line.items()]


@pytest.fixture(scope="module")
def logged(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(template, tmp_path_factory.mktemp("logged"), LOG_FORMAT="json")
    server.start()
    yield server
    server.close()
    assert all(line["level"] != "ERROR" or line.get("status") for line in server.reported), server.log


class TestJson:
    def one(self, server: Server, **wanted: object) -> dict[str, Any]:
        """Return the line of a request that has just been answered."""
        wait_until(lambda: bool(requests(server, **wanted)))
        (line,) = requests(server, **wanted)
        return line

    def test_reports_a_prediction_and_a_learn(self, logged: Server) -> None:
        with logged.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            # The second time the server knows the short way.
            reported = [client.predict(features=HOUSE, id=n) for n in range(2)]
            learned = [client.learn(id=n, ground_truth=3) for n in range(2)]

        for answer, path in [*((a, "/api/predict") for a in reported), *((a, "/api/learn") for a in learned)]:
            line = self.one(logged, request_id=answer.headers["x-request-id"])
            assert line["path"] == line["route"] == path
            assert (line["method"], line["status"], line["outcome"]) == ("POST", 201, "ok")
            assert (line["model"], line["client"], line["level"]) == ("house", "127.0.0.1", "INFO")
            assert line["duration_ms"] > 0
            assert line["message"] == f"POST {path} 201"

    @pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "203.0.113.7"}])
    def test_takes_the_id_and_the_client_from_a_proxy(self, logged: Server, headers: dict[str, str]) -> None:
        given = {"X-Request-Id": f"proxy-{len(headers)}", **headers}
        with logged.client() as client:
            client.init("regression")
            answer = client.request("POST", "/api/learn", b'{"id": 1, "ground_truth": 1}', given)

        line = self.one(logged, request_id=given["X-Request-Id"])
        assert answer.headers["x-request-id"] == given["X-Request-Id"]
        assert line["client"] == headers.get("X-Forwarded-For", "127.0.0.1")
        assert (line["status"], line["outcome"], line["error"]) == (400, "refused", "prediction_not_pending")

    def test_lets_no_name_begin_a_line(self, logged: Server) -> None:
        with logged.client() as client:
            client.init("regression")
            refused = client.get("/api/model/a%0A%7B%22level%22:%22ERROR%22%7D%0Ab")
            unknown = client.predict(features=HOUSE, model='a\n{"level":"ERROR"}\n')

        line = self.one(logged, request_id=refused.headers["x-request-id"])
        assert line["model"] == 'a\n{"level":"ERROR"}\nb'
        assert (line["route"], line["error"]) == ("/api/model/<str:name>", "model_not_found")
        assert self.one(logged, request_id=unknown.headers["x-request-id"])["error"] == "model_not_found"
        assert {"level": "ERROR"} not in logged.reported

    def test_reports_pages_and_what_is_not_there(self, logged: Server) -> None:
        with logged.client() as client:
            answers = [client.get(path) for path in ("/admin/login/", "/api/nothing", "/nothing")]

        reported = [self.one(logged, request_id=answer.headers["x-request-id"]) for answer in answers]
        assert [line["status"] for line in reported] == [200, 404, 404]
        assert [line.get("route") for line in reported] == ["/admin/login/", None, None]
        assert [line.get("error") for line in reported] == [None, "not_found", None]

    def test_reports_what_the_guard_refuses(self, logged: Server) -> None:
        with logged.client() as client:
            answer = client.request("GET", "/api/models", headers={"Host": "evil.example"})

        line = self.one(logged, request_id=answer.headers["x-request-id"])
        assert (line["status"], line["error"]) == (403, "host_not_allowed")

    def test_counts_the_records_of_streams_and_arrays(self, logged: Server) -> None:
        records: list[dict[str, object]] = [{"features": HOUSE, "ground_truth": 1}] * 3
        bad: list[dict[str, object]] = [{"nothing": 1}]
        body = b"".join(json.dumps(record).encode() + b"\n" for record in records + bad)
        with logged.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            array = client.request("POST", "/api/learn", json.dumps(records + bad).encode())
            stream = client.request("POST", "/api/stream", body)
        with open_socket(logged) as connection:
            answered = [ask(connection, record) for record in records + bad]

        assert len(answered) == 4
        line = self.one(logged, method="WEBSOCKET")
        assert (line["status"], line["route"]) == (101, "/ws/stream")
        for reported in (
            line,
            self.one(logged, request_id=array.headers["x-request-id"]),
            self.one(logged, request_id=stream.headers["x-request-id"]),
        ):
            assert (reported["records"], reported["refused_records"]) == (4, 1)

    def test_reports_a_listener_when_it_leaves(self, logged: Server) -> None:
        with listening(logged.port, "/api/stream/metrics"):
            assert requests(logged, path="/api/stream/metrics") == []

        assert self.one(logged, path="/api/stream/metrics")["status"] == 200

    def test_reports_a_client_that_does_not_wait(self, logged: Server) -> None:
        with socket.create_connection(("127.0.0.1", logged.port)) as half:
            half.sendall(b"POST /api/init HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n{")

        line = self.one(logged, outcome="gone")
        assert (line["path"], line.get("status")) == ("/api/init", None)


class TestInternalError:
    @pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "203.0.113.7"}])
    def test_has_one_id_in_the_answer_and_in_the_log(self, start: Start, headers: dict[str, str]) -> None:
        server = start(LOG_FORMAT="JSON")
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            client.predict(features=HOUSE, id="1")
        # A server that remembers the prediction does not look at the row.
        server.restart(clean=True)
        with server.client() as client:
            server.database.rows("UPDATE models_app_pendingprediction SET prediction = 'damaged'")
            # From now on the server knows the short way.
            client.learn(id="none", ground_truth=1)

            answer = client.request("POST", "/api/learn", b'{"id": "1", "ground_truth": 1}', headers)

        error_id = answer.headers["error-id"]
        wait_until(lambda: bool(requests(server, status=500)))
        (line,) = requests(server, status=500)
        assert answer.message == f"Internal error. (id {error_id})"
        assert (line["error_id"], line["error"], line["level"]) == (error_id, "internal_error", "ERROR")
        (reported,) = [line for line in server.reported if line["message"] == f"internal error {error_id}"]
        assert "Traceback" in reported["exception"]
        greeting = [line for line in server.log.splitlines() if "http://" in line]
        assert len(server.reported) + len(greeting) == len(server.log.splitlines())


class TestText:
    def test_reports_no_request(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        before = len(server.log)
        answer = client.predict(features=HOUSE)

        assert "x-request-id" not in answer.headers
        assert server.log[before:] == ""

    def test_refuses_another_format(self, server: Server) -> None:
        done = run_manage(server.instance, "list_models", LOG_FORMAT="xml")

        assert (
            "LOG_FORMAT has the value 'xml' (from the environment); allowed: `TEXT`, `JSON`." in done.stderr
        )
