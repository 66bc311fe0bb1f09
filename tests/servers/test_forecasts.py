"""A forecaster on a server, beside River alone."""

import json
import pickle
from typing import Any

import pytest
from river import datasets, metrics, preprocessing, time_series

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.servers import Server

PASSENGERS = [float(y) for _, y in datasets.AirlinePassengers()]
HORIZON = 12


def snarimax() -> Any:
    return time_series.SNARIMAX(p=12, d=1, q=2, m=12, sd=1)


def holt_winters() -> Any:
    return time_series.HoltWinters(alpha=0.3, beta=0.1, gamma=0.6, seasonality=12, multiplicative=True)


def with_features() -> Any:
    return preprocessing.StandardScaler() | time_series.SNARIMAX(p=3, d=0, q=1)


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


class Bare:
    """River alone: a model, and the mean errors by step of what it forecast after each observation."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.maes = {step: metrics.MAE() for step in range(1, HORIZON + 1)}
        self.total = metrics.MAE()
        self._made: list[list[float]] = []

    def forecast(self) -> list[float] | None:
        can = not isinstance(self.model, time_series.HoltWinters) or len(self.model.level)
        return self.model.forecast(HORIZON) if can else None

    def observe(self, y: float) -> None:
        for step, made in enumerate(self._made[: -HORIZON - 1 : -1], start=1):
            if made:
                self.maes[step].update(y, made[step - 1])
                self.total.update(y, made[step - 1])
        self.model.learn_one(y)
        self._made.append(self.forecast() or [])


class TestSeries:
    @pytest.mark.parametrize("make", [snarimax, holt_winters])
    def test_is_forecast_and_scored_as_by_river_through_kill_9(self, start: Start, make: Any) -> None:
        server, bare = start(), Bare(make())
        with server.client() as client:
            upload(client, make())
            for y in PASSENGERS[:70]:
                assert forecast(client) == bare.forecast()
                observe(client, y)
                bare.observe(y)
        server.restart(clean=False)

        with server.client() as client:
            for number, y in enumerate(PASSENGERS[70:]):
                # Under an id it is of the journal, and the same.
                assert forecast(client, id=f"made at {number}") == bare.forecast()
                observe(client, y)
                bare.observe(y)
            found = client.metrics("m")
            assert client.get("/api/metrics?flavor=forecasting").json == found
            assert found["MAE"] == bare.total.get()
            assert {f"MAE[{step}]": bare.maes[step].get() for step in (1, 3, 6, 12)}.items() <= found.items()
            listed = client.get("/api/models?details=1").json["details"][0]
            assert (listed["pending"], listed["headline"]) == (0, "MAE")
            for page in ("/models/m/", "/models/m/diagnostics/", "/", "/compare/?model=m"):
                assert client.get(page).status == 200, page
        server.restart(clean=True)
        with server.client() as client:
            assert client.metrics("m") == found
            assert forecast(client) == bare.forecast()
        server.stop()
        verify(server)

    def test_has_features_of_each_step(self, start: Start) -> None:
        server, model = start(), with_features()
        mae = {step: metrics.MAE() for step in (1, 3)}
        made: list[list[float]] = []

        def follow(client: Client, numbers: range) -> None:
            for number in numbers:
                xs = [{"month": float((number + step) % 12)} for step in range(3)]
                made.append(model.forecast(3, xs))
                assert forecast(client, 3, xs=xs, id=number) == made[-1]
                for step, metric in mae.items():
                    if number >= step - 1:
                        metric.update(PASSENGERS[number], made[-step][step - 1])
                observe(client, PASSENGERS[number], features=xs[0])
                model.learn_one(xs[0], PASSENGERS[number])

        with server.client() as client:
            upload(client, with_features())
            follow(client, range(30))
        server.restart(clean=False)
        with server.client() as client:
            follow(client, range(30, 60))
            found = client.metrics("m")
            assert (found["MAE[1]"], found["MAE[3]"]) == (mae[1].get(), mae[3].get())
            assert found["MAE[6]"] == 0.0
            refused = client.predict(model="m", horizon=2, xs=[{}])
            assert refused.message == {"xs": ["must have features for each step of the horizon: 2, not 1"]}
        server.stop()
        verify(server)


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
            assert client.metrics("m")["MAE"] == bare.total.get()
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
