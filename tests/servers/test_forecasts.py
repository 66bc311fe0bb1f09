"""A forecaster on a server, beside River alone: what `test_flavors` does not do with it."""

import json
import pickle
from typing import Any

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.forecasting_cases import HORIZON, PASSENGERS, Bare, holt_winters, snarimax, with_features
from tests.servers.servers import Server


def upload(client: Client, model: Any) -> None:
    answer = client.request("POST", "/api/model/m?flavor=forecasting", pickle.dumps(model))
    assert answer.status == 201, answer


def forecast(client: Client, horizon: int = HORIZON, **more: object) -> Any:
    answer = client.predict(model="m", horizon=horizon, **more)
    assert answer.status == 201 if "id" in more else 200, answer
    return answer.json["prediction"]


def observe(client: Client, y: float, **more: object) -> None:
    answer = client.learn(model="m", ground_truth=y, **more)
    assert answer.status == 201, answer


def verify(server: Server) -> None:
    verified = server.manage("verify_journal")
    assert verified.stdout.startswith("m: equal"), verified.stdout
    assert verified.returncode == 0


class TestModel:
    def test_has_pages_and_nothing_pending(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            upload(client, holt_winters())
            assert forecast(client) is None
            for number, y in enumerate(PASSENGERS[:30]):
                forecast(client, id=f"made at {number}")
                observe(client, y)

            listed = client.get("/api/models?details=1").json["details"][0]

            assert (listed["pending"], listed["headline"]) == (0, "MAE")
            assert listed["metrics"] == client.get("/api/metrics?flavor=forecasting").json
            for page in ("/models/m/", "/models/m/diagnostics/", "/", "/compare/?model=m"):
                assert client.get(page).status == 200, page

    def test_needs_features_for_each_step(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            upload(client, with_features())

            refused = client.predict(model="m", horizon=2, xs=[{}])

            assert refused.message == {"xs": ["must have features for each step of the horizon: 2, not 1"]}


class TestObservations:
    def test_come_from_a_file_with_nothing_else(self, start: Start) -> None:
        server, bare = start(), Bare(snarimax())
        with server.client() as client:
            upload(client, snarimax())
        records = server.instance / "records.ndjson"
        records.write_text("".join(json.dumps({"ground_truth": y}) + "\n" for y in PASSENGERS))
        for y in PASSENGERS:
            bare.observe(y)

        done = server.manage("learn", str(records), "--model", "m")

        assert done.returncode == 0, done.stderr
        with server.client() as client:
            assert client.metrics("m") == bare.values()
            assert forecast(client) == bare.forecast()
            stream = "".join(json.dumps({"model": "m", **record}) + "\n" for record in (
                {"ground_truth": 400.0}, {"op": "predict", "horizon": 2}, {"op": "predict"},
            ))  # fmt: skip
            answers = client.request("POST", "/api/stream", stream.encode()).body.splitlines()
            bare.observe(400.0)
            assert json.loads(answers[1])["prediction"] == bare.model.forecast(2)
            assert json.loads(answers[2])["message"] == {"horizon": ["required field"]}
        verify(server)

    def test_that_are_none_change_nothing(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            upload(client, snarimax())
            observe(client, 5.0)
            before = server.database.contents()
            for fields, message in (
                ({}, {"ground_truth": ["required field"]}),
                ({"ground_truth": "high"}, None),
                ({"ground_truth": True}, None),
                ({"ground_truth": 1.0, "horizon": 3}, None),
                ({"ground_truth": 1.0, "id": "never"}, None),
            ):
                refused = client.learn(model="m", **fields)
                assert refused.status == 400, fields
                assert message is None or refused.message == message
            assert server.database.contents() == before
