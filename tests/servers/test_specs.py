"""Models that come as specifications, and the specifications of models."""

import json
import pickle
from typing import Any

import pytest
from river import compose, linear_model, preprocessing, tree

from models_app.domain.fingerprints import fingerprint
from models_app.domain.specs import building
from tests.servers.clients import Answer, Client
from tests.servers.conftest import Start
from tests.servers.servers import Server
from tests.services.trials.evil import Unpickled

SCALED: dict[str, Any] = {
    "pipeline": [
        {"class": "preprocessing.StandardScaler"},
        {
            "class": "linear_model.LogisticRegression",
            "params": {"optimizer": {"class": "optim.SGD", "params": {"lr": 0.05}}, "l2": 0.001},
        },
    ]
}
REFUSED = "River refuses it: ValueError('stat_size must be smaller than window_size.')"
JSON = {"Content-Type": "application/json; charset=utf-8"}


def send(client: Client, spec: Any, name: str = "model", query: str = "") -> Answer:
    body = spec if isinstance(spec, bytes) else json.dumps(spec).encode()
    return client.request("POST", f"/api/model/{name}{query}", body, JSON)


def spec_of(client: Client, name: str, query: str = "") -> Answer:
    return client.get(f"/api/model/{name}?format=spec{query}")


class TestSpecification:
    def test_is_served_as_the_model_that_it_describes(self, start: Start) -> None:
        server = start()
        own: Any = building.load(json.dumps(SCALED).encode())
        with server.client() as client:
            client.init("binary")
            answer = send(client, SCALED)
            assert (answer.status, answer.json) == (201, {"name": "model"})
            for number in range(20):
                x, y = {"a": number % 3, "b": number / 7}, number % 2 == 0
                predicted = client.predict(features=x, id=number).json["prediction"]
                assert predicted == {str(label).lower(): p for label, p in own.predict_proba_one(x).items()}
                assert client.learn(id=number, ground_truth=y).status == 201
                own.learn_one(x, y)
        server.restart(clean=False)

        with server.client() as client:
            assert fingerprint(pickle.loads(client.download("model"))) == fingerprint(own)
            answer = spec_of(client, "model")
        assert (answer.status, answer.json) == (200, SCALED)
        assert (answer.headers["content-type"], answer.headers["model-spec"]) == (
            "application/json",
            "complete",
        )

    def test_may_have_its_flavor_guessed(self, client: Client) -> None:
        client.init("binary")

        answer = send(client, {"class": "linear_model.LinearRegression"}, query="?flavor=auto")

        assert (answer.status, answer.json) == (201, {"name": "model", "flavor": "regression"})

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ({"pipeline": [SCALED["pipeline"][0], {**SCALED["pipeline"][1], "params": {"l3": 1}}]},
             {"pipeline[1].params.l3": ["unknown parameter; did you mean l2 or l1?"]}),
            ({"class": "os.system"}, {"class": ["unknown class"]}),
            ({"class": "drift.KSWIN", "params": {"window_size": 10}},
             {"specification": [REFUSED]}),
            (b"[", {"specification": ["is no JSON: Expecting value: line 1 column 2 (char 1)"]}),
        ],
    )  # fmt: skip
    def test_that_is_refused_leaves_no_trace(
        self, server: Server, client: Client, spec: Any, message: object
    ) -> None:
        client.init("binary")
        assert send(client, SCALED).status == 201
        before = server.database.contents()

        answer = send(client, spec)

        assert (answer.status, answer.code, answer.message) == (400, "invalid_spec", message)
        assert server.database.contents() == before
        assert client.predict(features={"a": 1.0}).status == 200

    def test_of_another_flavor_is_refused_as_a_pickle_is(self, client: Client) -> None:
        client.init("regression")

        answer = send(client, SCALED)

        assert (answer.status, answer.code) == (400, "model_not_suitable")

    def test_is_not_what_a_pickle_is_whatever_its_type_of_content(self, client: Client) -> None:
        client.init("binary")
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            answer = send(client, pickle.dumps(linear_model.LogisticRegression(), protocol=protocol))

            assert (answer.status, answer.json) == (201, {"name": "model"})

    def test_is_never_unpickled(self, start: Start, tmp_path: Any) -> None:
        trace = tmp_path / "ran"
        evil = pickle.dumps(Unpickled(f"open({str(trace)!r}, 'w')"), protocol=0)
        with start(MODEL_UPLOADS="spec").client() as client:
            client.init("binary")
            answers = [send(client, evil), send(client, b"{" + evil), send(client, b" ")]

        assert [(answer.status, answer.code) for answer in answers] == [
            (403, "model_not_allowed"), (400, "invalid_spec"), (400, "invalid_spec"),
        ]  # fmt: skip
        assert not trace.exists()

    def test_sent_as_bytes_is_told_the_header(self, client: Client) -> None:
        client.init("binary")

        answer = client.request("POST", "/api/model/model", json.dumps(SCALED).encode())

        assert (answer.status, answer.code) == (400, "model_not_readable")
        assert "Content-Type: application/json" in answer.message


class TestSpecificationOfAModel:
    def test_is_extracted_from_a_pickle(self, client: Client) -> None:
        client.init("binary")
        client.upload(building.load(json.dumps(SCALED).encode()), "pickled")

        short, full = spec_of(client, "pickled"), spec_of(client, "pickled", "&full=true")

        assert (short.json, short.headers["model-spec"]) == (SCALED, "complete")
        last = full.json["pipeline"][1]["params"]
        assert last["intercept_lr"] == {
            "class": "optim.schedulers.Constant",
            "params": {"learning_rate": 0.01},
        }
        assert send(client, full.json, "again").status == 201
        assert spec_of(client, "again").json == SCALED

    def test_is_of_the_upload_and_not_of_what_it_has_learned(self, client: Client) -> None:
        client.init("regression")
        model = tree.HoeffdingTreeRegressor(grace_period=20)
        model.learn_one({"a": 1.0}, 2.0)
        client.upload(model, "learned")

        answer = spec_of(client, "learned")

        assert (answer.status, answer.headers["model-spec"]) == (200, "parameters")
        assert answer.json["params"]["grace_period"] == 20

    def test_is_not_there_for_a_function_of_ones_own(self, client: Client) -> None:
        client.init("binary")
        client.upload(compose.FuncTransformer(dict) | linear_model.LogisticRegression(), "own")

        answer = spec_of(client, "own")

        assert (answer.status, answer.code) == (404, "no_spec")
        assert answer.message == (
            "'own' has no specification: pipeline[0].params.func: dict is neither a class nor a function "
            "that specifications have."
        )

    def test_is_that_of_the_newest_upload(self, client: Client) -> None:
        client.init("binary")
        client.upload(linear_model.LogisticRegression(), "model")
        assert send(client, SCALED).status == 201
        client.upload(preprocessing.MinMaxScaler() | linear_model.Perceptron(), "model")

        assert spec_of(client, "model").json == {
            "pipeline": [{"class": "preprocessing.MinMaxScaler"}, {"class": "linear_model.Perceptron"}]
        }
        assert client.get("/api/model?format=spec").json == spec_of(client, "model").json
        assert client.request("DELETE", "/api/model/model").status == 204
        assert (spec_of(client, "model").status, spec_of(client, "model").code) == (404, "model_not_found")

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("format=yaml", {"format": ["must be 'pickle' or 'spec'"]}),
            ("full=true", {"full": ["only with 'format=spec'"]}),
            ("fromat=spec", {"fromat": ["unknown parameter", "is it 'format'?"]}),
        ],
    )
    def test_is_asked_for_in_one_way(self, client: Client, query: str, message: object) -> None:
        client.init("binary")
        client.upload(linear_model.LogisticRegression(), "model")

        answer = client.get(f"/api/model/model?{query}")

        assert (answer.status, answer.code, answer.message) == (400, "invalid_request", message)
        assert pickle.loads(client.get("/api/model/model?format=pickle").body)
