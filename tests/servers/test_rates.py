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
    limits = f"predict={N}/hour,learn=1/hour,read=2/hour,manage=2/hour"
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
