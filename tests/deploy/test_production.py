"""The production example: Django finds nothing to warn of, and it works through nginx, over TLS."""

import json
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from river import linear_model
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.deploy.proxies import NAME, SETTINGS, Proxied, behind_nginx
from tests.servers.launchers import fork
from tests.servers.servers import Server, run_manage


@pytest.fixture(scope="module")
def production(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(template, tmp_path_factory.mktemp("production"), fork, **SETTINGS)
    server.start()
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture(scope="module")
def proxied(production: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    with behind_nginx(production, tmp_path_factory.mktemp("nginx")) as proxied:
        yield proxied


@pytest.fixture
def client(proxied: Proxied) -> Iterator[httpx.Client]:
    with proxied.client(**proxied.headers) as client:
        yield client


@pytest.fixture
def house(client: httpx.Client) -> str:
    assert client.post("/api/init", json={"flavor": "regression"}).status_code == 201
    data = pickle.dumps(linear_model.LinearRegression())
    assert client.post("/api/model/house", content=data).status_code == 201
    return "house"


class TestCheck:
    def test_finds_nothing_in_the_example(self, template: Path) -> None:
        command = ("check", "--deploy", "--fail-level", "WARNING")

        assert run_manage(template, *command, **SETTINGS).returncode == 0
        other = run_manage(template, *command, **{**SETTINGS, "BEHIND_HTTPS": "0"})
        assert other.returncode == 1
        for found in ("W004", "W008", "W012", "W016"):
            assert f"security.{found}" in other.stderr


class TestWithoutTheProxy:
    def test_probes_and_scrapes_are_answered_in_the_clear(self, production: Server) -> None:
        with production.client() as client:
            assert client.get("/healthz").status == 200
            assert client.get("/readyz").json == {"status": "ready"}
            assert client.get("/metrics").status == 401

    def test_pages_are_redirected(self, production: Server) -> None:
        with production.client() as client:
            answer = client.request("GET", "/login/", headers={"Host": NAME})

        assert (answer.status, answer.headers["location"]) == (301, f"https://{NAME}/login/")


class TestThroughTheProxy:
    def test_comes_from_http_to_https(self, proxied: Proxied) -> None:
        answer = httpx.get(
            f"http://127.0.0.1:{proxied.plain_port}/x?y=1", headers={"Host": NAME}, trust_env=False
        )

        assert (answer.status_code, answer.headers["location"]) == (308, f"https://{NAME}/x?y=1")

    def test_pages_have_browsers_stay_with_https(self, proxied: Proxied) -> None:
        with proxied.client() as client:
            answer = client.get("/login/")

        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"] == "max-age=3600"
        assert "; Secure" in answer.headers["set-cookie"]

    def test_people_log_in(self, proxied: Proxied) -> None:
        made = proxied.server.manage("shell", "-c", CHANGE_PASSWORD)
        assert made.returncode == 0, made.stderr
        with proxied.client() as client:
            token = client.get("/login/").cookies["csrftoken"]
            form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
            cookie = {"Cookie": f"csrftoken={token}", "Origin": f"https://{NAME}"}

            answer = client.post("/login/", data=form, headers=cookie)

        assert answer.status_code == 302, answer.text
        assert all("Secure" in line for line in answer.headers.get_list("set-cookie"))

    def test_wants_a_token(self, proxied: Proxied) -> None:
        with proxied.client() as client:
            assert client.get("/api/models").status_code == 401

    def test_models_predict_and_learn(self, client: httpx.Client, house: str) -> None:
        assert client.post("/api/predict", json={"features": {"a": 1.0}, "id": 1}).status_code == 201
        assert client.post("/api/learn", json={"ground_truth": 1, "id": 1}).status_code == 201
        assert client.get("/api/metrics").json()["MAE"] == 1.0

    def test_bodies_as_large_as_models_get_there(self, client: httpx.Client) -> None:
        answer = client.post("/api/model/large", content=b"x" * 3_000_000)

        assert (answer.status_code, answer.headers["error-code"]) == (400, "model_not_readable")

    def test_events_come_as_they_happen(self, client: httpx.Client, proxied: Proxied, house: str) -> None:
        with client.stream("GET", "/api/stream/events") as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            lines = events.iter_lines()
            with proxied.client(**proxied.headers) as other:
                assert other.post("/api/predict", json={"features": {"a": 4.5}}).status_code == 200
            found = next(line for line in lines if line.startswith("data: "))

        assert json.loads(found.removeprefix("data: "))["features"] == {"a": 4.5}

    def test_records_are_answered_while_others_are_sent(self, proxied: Proxied, house: str) -> None:
        head = {"Host": NAME, **proxied.headers, "Transfer-Encoding": "chunked"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        record = b'{"features": {"a": 1}}\n'
        with proxied.context.wrap_socket(
            socket.create_connection(("127.0.0.1", proxied.port), 30), server_hostname="localhost"
        ) as connection:
            connection.sendall(f"POST /api/stream HTTP/1.1\r\n{lines}\r\n".encode())
            for _ in range(3):
                connection.sendall(b"%x\r\n%s\r\n" % (len(record), record))
                seen = b""
                while b'"prediction"' not in seen:
                    part = connection.recv(65536)
                    assert part, seen
                    seen += part

    def test_websockets_are_passed_on_and_nothing_else_is(self, proxied: Proxied, house: str) -> None:
        url = f"wss://{NAME}/ws/stream"

        def tcp() -> dict[str, Any]:
            return {"ssl": proxied.context, "sock": socket.create_connection(("127.0.0.1", proxied.port), 30)}

        with connect(url, additional_headers=proxied.headers, **tcp()) as connection:
            connection.send('{"features": {"a": 1}}')
            assert "prediction" in json.loads(connection.recv(30))

        with pytest.raises(InvalidStatus) as refused, connect(url, **tcp()):
            pass
        assert refused.value.response.status_code == 401
        with proxied.client(**proxied.headers, Upgrade="h2c", Connection="Upgrade") as client:
            assert client.get("/ws/stream").status_code == 426
            assert client.get("/api/models").status_code == 200


PASSWORD = "a long enough phrase 14"
CHANGE_PASSWORD = (
    "from django.contrib.auth import get_user_model as model; "
    f"user = model().objects.get(username='admin'); user.set_password('{PASSWORD}'); user.save()"
)
