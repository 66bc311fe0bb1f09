"""Arrays of records in POST /api/predict and /api/learn."""

import json
from typing import Any

import pytest
from river import datasets, linear_model, preprocessing

from models_app.domain import blobs
from tests.servers.clients import Answer, Client
from tests.servers.folds import Fold, state_of
from tests.servers.servers import Server
from tests.servers.test_exactness import as_answered
from tests.servers.uploads import Uploads

X = {"x": 1.5, "tag": 0}
MAX_RECORDS = 10_000
ROUTES = {"/api/predict": 200, "/api/learn": 201}


def post(client: Client, path: str, records: object) -> Answer:
    """Send records, or a body as it is."""
    body = records if isinstance(records, bytes) else json.dumps(records).encode()
    return client.request("POST", path, body, {"Content-Type": "application/json"})


@pytest.fixture
def counting(client: Client, uploads: Uploads) -> str:
    """A model that counts its learns and predicts their number."""
    client.init("regression")
    return client.upload(uploads.bytes("counting"), "counting")


class TestArrays:
    def test_are_answered_with_arrays(self, client: Client, counting: str) -> None:
        learned = post(client, "/api/learn", [{"features": X, "ground_truth": 1}] * 3)
        predicted = post(client, "/api/predict/", [{"features": X, "id": 1}, {"features": X, "ref": "r"}])

        assert (learned.status, learned.json) == (201, [{}] * 3)
        prediction = {"model": "counting", "prediction": 3}
        assert (predicted.status, predicted.json) == (200, [prediction, {**prediction, "ref": "r"}])
        assert predicted.headers["content-type"] == "application/json"

    def test_have_refusals_in_their_place(self, server: Server, client: Client, counting: str) -> None:
        answer = post(
            client,
            "/api/learn",
            [
                {"features": X, "ground_truth": 1},
                {"features": X},
                5,
                {"features": X, "ground_truth": "two"},
                {"id": "unknown", "ground_truth": 1},
                {"features": X, "ground_truth": 1, "model": "nobody"},
                {"op": "predict", "features": X},
                {"features": X, "ground_truth": 1, "ref": 7},
            ],
        )

        assert answer.status == 201
        assert [record.get("error") for record in answer.json] == [
            None,
            "invalid_request",
            "invalid_request",
            "invalid_ground_truth",
            "prediction_not_pending",
            "model_not_found",
            None,
            None,
        ]
        assert answer.json[1]["message"] == {"ground_truth": ["required field"]}
        assert answer.json[6] == {"model": "counting", "prediction": 1}
        assert answer.json[7] == {"ref": 7}
        assert server.database.seq("counting") == 2

    @pytest.mark.parametrize("path", ROUTES)
    @pytest.mark.parametrize("body", [b"[]", b" \n[ ] \n"])
    def test_may_be_empty(self, client: Client, counting: str, path: str, body: bytes) -> None:
        answer = post(client, path, body)

        assert (answer.status, answer.json) == (ROUTES[path], [])

    @pytest.mark.parametrize("path", ROUTES)
    def test_have_ten_thousand_records_at_the_most(
        self, server: Server, client: Client, counting: str, path: str
    ) -> None:
        one = {"features": X, "id": "x"} if path == "/api/predict" else {"features": X, "ground_truth": 1}

        most = post(client, path, [one] * MAX_RECORDS)

        assert (most.status, len(most.json)) == (ROUTES[path], MAX_RECORDS)
        assert not any("error" in record for record in most.json)
        contents, metrics = server.database.contents(), client.metrics()

        refused = post(client, path, [one] * (MAX_RECORDS + 1))

        assert (refused.status, refused.code) == (400, "invalid_request")
        assert refused.message == "An array may have 10000 records at the most."
        assert (server.database.contents(), client.metrics()) == (contents, metrics)

    @pytest.mark.parametrize("path", ROUTES)
    @pytest.mark.parametrize(
        "body",
        [b"[", b"[{}", b'[{"features": {}},]', b'[{"features": NaN}]', b"[1] 2", b"[" * 5000, b"[\xff]"],
        ids=lambda body: repr(body[:20]),
    )
    def test_that_are_no_json_are_refused_whole(
        self, client: Client, counting: str, path: str, body: bytes
    ) -> None:
        answer = post(client, path, body)

        assert (answer.status, answer.code) == (400, "invalid_request")
        nested = "The body is nested too deeply."
        assert answer.message == nested or answer.message.startswith("The body is not valid JSON: ")

    def test_are_done_in_their_order(self, server: Server, client: Client, counting: str) -> None:
        again = {"op": "learn", "id": "x", "ground_truth": 1}

        answer = post(client, "/api/predict", [{"features": X, "id": "x"}, again, again] * 100)

        assert [record["prediction"] for record in answer.json[0::3]] == list(range(100))
        assert answer.json[1::3] == [{}] * 100
        assert {record["error"] for record in answer.json[2::3]} == {"prediction_not_pending"}
        assert server.database.pending_ids() == set()

    def test_give_what_a_bare_loop_gives(self, client: Client) -> None:
        def model() -> Any:
            return preprocessing.StandardScaler() | linear_model.LogisticRegression()

        client.init("binary")
        client.upload(model(), "model")
        fold = Fold(model(), "binary")
        samples = [(x, bool(y)) for x, y in datasets.Phishing().take(500)]

        for start in range(0, len(samples), 50):
            part = list(enumerate(samples[start : start + 50], start))
            predictions = [fold.model.predict_proba_one(x) for _, (x, _) in part]
            for (_, (x, y)), prediction in zip(part, predictions, strict=True):
                fold.learn(x, y, prediction)
            predicted = post(client, "/api/predict", [{"id": n, "features": x} for n, (x, _) in part])
            learned = post(client, "/api/learn", [{"id": n, "ground_truth": y} for n, (_, y) in part])
            assert [reported["prediction"] for reported in predicted.json] == [
                as_answered(reported) for reported in predictions
            ]
            assert learned.json == [{}] * 50

        assert client.metrics() == fold.scores.values()
        assert state_of(blobs.loads(client.download("model"))) == state_of(fold.model)
