"""With RATE_LIMITS, whoever asks too often waits, whichever way they ask."""

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from river import linear_model
from websockets.sync.client import connect

from models_app.domain.scopes import SCOPES
from tests.servers.servers import Server
from tests.servers.test_access import Caller, Tokens, bearer

RECORD = {"features": {"x": 1.0}}
N = 5


@pytest.fixture(scope="module")
def server(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = f"predict={N}/hour,learn=1/hour,read=2/h,manage=3/h,/api/model/NAME=1/h"
    server = Server(template, tmp_path_factory.mktemp("rates"), AUTH_REQUIRED="1", RATE_LIMITS=limits)
    server.start()
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture(scope="module")
def tokens(server: Server) -> Tokens:
    tokens = Tokens(server, {})
    with server.client() as client:
        owner = Caller(client, tokens(*SCOPES, name="owner"))
        assert owner("POST", "/api/init", {"flavor": "regression"}).status == 201
        assert owner("POST", "/api/model/a", pickle.dumps(linear_model.LinearRegression())).status == 201
        refused = owner("POST", "/api/model/b", pickle.dumps(linear_model.LinearRegression()))
        assert (refused.status, refused.headers["error-code"]) == (429, "rate_limited")
        assert "at /api/model/NAME" in json.loads(refused.body)["message"]
        assert owner("POST", "/api/model", pickle.dumps(linear_model.LinearRegression())).status == 201
    return tokens


def test_requests_are_refused_one_by_one_and_each_token_by_itself(server: Server, tokens: Tokens) -> None:
    with server.client() as client:
        for name in ("one", "other"):
            caller = Caller(client, tokens("predict", "learn", "read", name=name))

            answers = [caller("POST", "/api/predict", RECORD) for _ in range(N + 1)]

            assert [answer.status for answer in answers] == [200] * N + [429]
            assert answers[N].headers["error-code"] == "rate_limited"
            assert 0 < int(answers[N].headers["retry-after"]) <= 3600 / N
            learns = [caller("POST", "/api/learn", {**RECORD, "ground_truth": 1}) for _ in range(2)]
            assert [answer.status for answer in learns] == [201, 429]
            assert [caller("GET", "/api/models").status for _ in range(3)] == [200, 200, 429]


def test_records_are_counted_in_arrays_and_streams(server: Server, tokens: Tokens) -> None:
    with server.client() as client:
        by_array = Caller(client, tokens("predict", name="array"))
        answers = json.loads(by_array("POST", "/api/predict", [RECORD] * (N + 2)).body)
        assert [answer.get("error") for answer in answers] == [None] * N + ["rate_limited"] * 2

        by_stream = Caller(client, tokens("predict", name="stream"))
        line = json.dumps({"op": "predict", **RECORD}).encode() + b"\n"
        answered = by_stream("POST", "/api/stream", line * (N + 2)).body.splitlines()
        codes = [json.loads(answer).get("error") for answer in answered]
        assert codes == [None] * N + ["rate_limited"] * 2


def test_records_are_counted_on_a_socket_however_often_it_is_opened(server: Server, tokens: Tokens) -> None:
    token = tokens("predict", name="socket")
    codes = []
    for _ in range(N + 2):
        address = f"ws://127.0.0.1:{server.port}/ws/stream"
        with connect(address, additional_headers=bearer(token)) as socket:
            socket.send(json.dumps({"op": "predict", **RECORD}))
            codes.append(json.loads(socket.recv()).get("error"))

    assert codes == [None] * N + ["rate_limited"] * 2


def test_a_token_has_rates_of_its_own_in_the_place_of_others(server: Server, tokens: Tokens) -> None:
    own = ("--rate", f"predict={N + 3}/h", "--rate", "/api/models=1/h")
    with server.client() as client:
        caller = Caller(client, tokens("predict", "learn", "read", name="own", bounds=own))

        answers = [caller("POST", "/api/predict", RECORD) for _ in range(N + 4)]

        assert [answer.status for answer in answers] == [200] * (N + 3) + [429]
        assert f"predict={N + 3}/h /api/models=1/h" in server.manage("list_tokens").stdout
        assert "own rate" in json.loads(answers[-1].body)["message"]
        assert [caller("GET", "/api/models").status for _ in range(2)] == [200, 429]
        assert [caller("GET", "/api/metrics").status for _ in range(2)] == [200, 429]
        learns = [caller("POST", "/api/learn", {**RECORD, "ground_truth": 1}) for _ in range(2)]
        assert [answer.status for answer in learns] == [201, 429]


@pytest.fixture(scope="module")
def anonymous(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = f"/api/predict={N}/h,/api/stream=1/h,/ws/stream=1/h,manage=2/h"
    server = Server(template, tmp_path_factory.mktemp("anonymous"), RATE_LIMITS=limits)
    server.start()
    with server.client() as client:
        assert client.request("POST", "/api/init", b'{"flavor": "regression"}').status == 201
        model = pickle.dumps(linear_model.LinearRegression())
        assert client.request("POST", "/api/model/a", model).status == 201
        assert client.request("POST", "/api/model/b", model).status == 429
    yield server
    server.close()
    assert server.complaints == []


def test_where_nobody_is_asked_addresses_are_counted(anonymous: Server) -> None:
    record = json.dumps(RECORD).encode()
    statuses = []
    for _ in range(N + 1):
        with anonymous.client() as client:
            statuses.append(client.request("POST", "/api/predict", record).status)
    assert statuses == [200] * N + [429]
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    with anonymous.client() as client:
        answers = [client.request("POST", "/api/predict", record, elsewhere) for _ in range(N + 1)]
        assert [answer.status for answer in answers] == [200] * N + [429]
        assert client.request("POST", "/api/predict", record).status == 429

        line = json.dumps({"op": "predict", **RECORD}).encode() + b"\n"
        streamed = client.request("POST", "/api/stream", line * 2).body.splitlines()
        assert [json.loads(answer).get("error") for answer in streamed] == [None, "rate_limited"]

    with connect(f"ws://127.0.0.1:{anonymous.port}/ws/stream") as socket:
        socket.send(json.dumps([{"op": "predict", **RECORD}] * 2))
        assert [answer.get("error") for answer in json.loads(socket.recv())] == [None, "rate_limited"]
