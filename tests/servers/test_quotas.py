"""A token has no more than its quotas let it, and what is refused for them changes nothing."""

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from river import linear_model
from websockets.sync.client import connect

from models_app.domain.scopes import SCOPES
from tests.servers.clients import Answer, Client
from tests.servers.servers import Server
from tests.servers.test_access import Caller, Tokens, bearer
from tests.servers.waiting import wait_until

MODEL = pickle.dumps(linear_model.LinearRegression())
LARGER = pickle.dumps(linear_model.LinearRegression(l2=1e-9)) + b"\0" * 4096
N = 5


@pytest.fixture(scope="module")
def server(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(template, tmp_path_factory.mktemp("quotas"), AUTH_REQUIRED="1")
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
        assert owner("POST", "/api/model/shared", MODEL).status == 201
    return tokens


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as client:
        yield client


def with_quota(client: Client, tokens: Tokens, name: str, *bounds: str) -> Caller:
    return Caller(client, tokens(*SCOPES, name=name, bounds=bounds))


def assert_exceeded(answer: Answer, *says: str) -> None:
    assert (answer.status, answer.headers["error-code"]) == (403, "quota_exceeded")
    message = json.loads(answer.body)["message"]
    assert all(text in message for text in says), message


def predict(caller: Caller, *ids: str) -> list[str | None]:
    """Return the codes of refusals of an array of predictions, None for one that is kept."""
    records = [{"features": {"x": 1.0}, "id": prediction_id, "model": "shared"} for prediction_id in ids]
    return [answer.get("error") for answer in json.loads(caller("POST", "/api/predict", records).body)]


class TestModels:
    def test_count_as_long_as_they_are_there(self, client: Client, tokens: Tokens) -> None:
        caller = with_quota(client, tokens, "two models", "--max-models", "2")
        assert [caller("POST", f"/api/model/m{n}", MODEL).status for n in (1, 2)] == [201, 201]

        for path in ("/api/model/m3", "/api/model"):
            assert_exceeded(caller("POST", path, MODEL), "quota of models is 2", "uploaded 2")

        assert "m3" not in json.loads(caller("GET", "/api/models").body)["models"]
        assert caller("POST", "/api/model/m1", MODEL).status == 201
        assert caller("DELETE", "/api/model/m2").status == 204
        assert caller("POST", "/api/model/m3", MODEL).status == 201
        assert caller("POST", "/api/model/m4", MODEL).status == 403

    def test_of_others_count_once_they_are_replaced(self, client: Client, tokens: Tokens) -> None:
        caller = with_quota(client, tokens, "one model", "--max-models", "1")
        other = Caller(client, tokens(*SCOPES))
        assert other("POST", "/api/model/o1", MODEL).status == 201
        assert caller("POST", "/api/model/o1", MODEL).status == 201
        assert caller("POST", "/api/model/o2", MODEL).status == 403

        assert other("POST", "/api/model/o1", MODEL).status == 201

        assert caller("POST", "/api/model/o2", MODEL).status == 201

    def test_have_so_many_bytes_together(self, client: Client, tokens: Tokens, server: Server) -> None:
        limit = len(MODEL) * 2 + 100
        caller = with_quota(client, tokens, "few bytes", "--max-bytes", str(limit))
        assert [caller("POST", f"/api/model/b{n}", MODEL).status for n in (1, 2)] == [201, 201]

        answer = caller("POST", "/api/model/b3", MODEL)

        assert_exceeded(answer, f"bytes of models is {limit}", f"have {2 * len(MODEL)}", str(len(MODEL)))
        assert_exceeded(caller("POST", "/api/model/b1", LARGER), str(len(LARGER)))
        assert caller("POST", "/api/model/b1", MODEL).status == 201
        assert f"bytes={limit}" in server.manage("list_tokens").stdout


class TestPending:
    def test_are_counted_record_by_record(self, client: Client, tokens: Tokens, server: Server) -> None:
        caller = with_quota(client, tokens, "pending", "--max-pending", str(N))

        codes = predict(caller, *(f"a{n}" for n in range(N + 2)))

        assert codes == [None] * N + ["quota_exceeded"] * 2
        alone = {"features": {"x": 1.0}, "id": "a", "model": "shared"}
        assert_exceeded(caller("POST", "/api/predict", alone), f"predictions is {N}", f"has {N}")
        with connect(f"ws://127.0.0.1:{server.port}/ws/stream", additional_headers=caller.headers) as socket:
            socket.send(json.dumps({"op": "predict", **alone}))
            assert json.loads(socket.recv())["error"] == "quota_exceeded"
        assert caller("POST", "/api/predict", {"features": {"x": 1.0}, "model": "shared"}).status == 200
        assert Caller(client, tokens(*SCOPES))("POST", "/api/predict", alone).status == 201

        assert caller("POST", "/api/learn", {"id": "a0", "ground_truth": 1.0}).status == 201
        # Whoever teaches it: it is the row that counts.
        teacher = Caller(client, tokens(*SCOPES))
        assert teacher("POST", "/api/learn", {"id": "a1", "ground_truth": 1.0}).status == 201

        assert predict(caller, "a5", "a6", "a7") == [None, None, "quota_exceeded"]

    def test_are_given_back_where_a_prediction_fails(self, client: Client, tokens: Tokens) -> None:
        caller = with_quota(client, tokens, "failing", "--max-pending", "1")
        raises = {"features": {"x": "text"}, "id": "f0", "model": "shared"}
        nowhere = {"features": {"x": 1.0}, "id": "f0", "model": "nowhere"}
        for record in (raises, nowhere) * 3:
            assert caller("POST", "/api/predict", record).status == 400
            assert caller("POST", "/api/predict", record).headers["error-code"] != "quota_exceeded"

        assert predict(caller, "f1", "f2") == [None, "quota_exceeded"]

    def test_are_counted_anew_within_a_second(self, client: Client, tokens: Tokens, server: Server) -> None:
        caller = with_quota(client, tokens, "pruned", "--max-pending", "3")
        # The one that takes the other's place counts twice meanwhile.
        assert predict(caller, "p1", "p1", "p2") == [None, None, None]
        wait_until(lambda: predict(caller, "p3") == [None])
        assert predict(caller, "p4") == ["quota_exceeded"]

        assert server.manage("prune_predictions", "--older-than", "0s").returncode == 0

        wait_until(lambda: predict(caller, "p4") == [None])

    def test_are_known_after_a_restart(self, client: Client, tokens: Tokens, server: Server) -> None:
        token = tokens(*SCOPES, name="stays", bounds=("--max-pending", "2"))
        assert predict(Caller(client, token), "s1", "s2") == [None, None]

        server.stop()
        server.start()

        with server.client() as client:
            assert predict(Caller(client, token), "s3") == ["quota_exceeded"]
            assert client.request("GET", "/api/models", None, bearer(token)).status == 200
