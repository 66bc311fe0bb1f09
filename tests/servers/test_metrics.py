"""Metrics of a model: those chosen for it, over its last learns, or none at all."""

import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from river import metrics, utils

from tests.servers.clients import Answer, Client
from tests.servers.conftest import Start
from tests.servers.exchanging import line
from tests.servers.servers import Server
from tests.servers.test_contract import HOUSE, binary, regression, state
from tests.servers.waiting import wait_until

Record = dict[str, Any]


def upload(client: Client, model: object, query: str) -> Answer:
    return client.request("POST", f"/api/model/m?{query}", pickle.dumps(model))


class TestChoice:
    def test_is_kept_beside_the_flavors_own(self, client: Client) -> None:
        client.init("binary")
        auc, mcc = metrics.ROCAUC(), metrics.MCC()

        assert upload(client, binary(), "metrics=ROCAUC,MCC&metrics=F1").status == 201
        for number in range(40):
            features, ground_truth = {"x": number % 7 - 3.0}, number % 3 == 0
            y_pred = client.predict(features=features, id=number).json["prediction"]
            client.learn(id=number, ground_truth=ground_truth)
            auc.update(ground_truth, {True: y_pred["true"], False: y_pred["false"]})
            mcc.update(ground_truth, y_pred["true"] > 0.5)

        values = client.metrics("m")
        assert list(values) == ["Accuracy", "LogLoss", "Precision", "Recall", "F1", "ROCAUC", "MCC"]
        assert (values["ROCAUC"], values["MCC"]) == (float(auc.get()), mcc.get())
        assert list(client.metrics()) == ["Accuracy", "LogLoss", "Precision", "Recall", "F1"]
        assert client.metrics()["LogLoss"] == values["LogLoss"]

    def test_that_does_not_fit_is_refused_by_name(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "m")
        before = state(server, client)

        answer = upload(client, regression(), "metrics=R2,ROCAUC")

        assert answer.status == 400
        assert answer.message["metrics"][0].startswith("'ROCAUC' does not fit the flavor 'regression'")
        assert answer.code == "invalid_request"
        assert state(server, client) == before

    def test_of_none_leaves_the_model_out_of_the_scores(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "scored")
            client.learn(features=HOUSE, ground_truth=10, model="scored")
            before = client.metrics()

            assert upload(client, regression(), "metrics=none").status == 201
            for _ in range(3):
                assert client.learn(features=HOUSE, ground_truth=99, model="m").status == 201

            assert client.metrics("m") == {}
            assert client.get("/api/metrics?model=m&rolling=true").json == {}
            assert client.metrics() == before
        # The journal, folded again, must not say otherwise.
        server.restart(clean=False)
        with server.client() as client:
            assert client.metrics() == before
            client.learn(features=HOUSE, ground_truth=10, model="scored")
            assert client.metrics() == client.metrics("scored") != before


def _predicted_and_learned(client: Client, records: list[Record]) -> Iterator[tuple[Record, float]]:
    """Predict and learn records, one after another; yield each with its prediction."""
    body = b"".join(
        line(op="predict", features=record["features"]) + line(op="learn", **record) for record in records
    )
    answer = client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
    assert answer.status == 200, answer
    for record, predicted in zip(records, answer.body.splitlines()[::2], strict=True):
        yield record, json.loads(predicted)["prediction"]


class TestRolling:
    def test_reports_the_last_learns_through_a_crash(self, start: Start) -> None:
        server = start()
        rolling = utils.Rolling(metrics.MAE, window_size=1_000)
        cumulative = metrics.MAE()
        records = []
        for number in range(1_400):
            ground_truth = number if number < 900 else -number
            records.append({"features": {"x": number % 5}, "ground_truth": ground_truth})
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "m")
            for start_at in range(0, len(records), 100):
                for record, y_pred in _predicted_and_learned(client, records[start_at : start_at + 100]):
                    rolling.update(record["ground_truth"], y_pred)
                    cumulative.update(record["ground_truth"], y_pred)
        server.manage("snapshot_models", "m")
        server.restart(clean=False)

        with server.client() as client:
            answer = client.get("/api/metrics?model=m&rolling=true")

            assert answer.json["MAE"] == pytest.approx(rolling.get())
            assert client.metrics("m")["MAE"] == cumulative.get() != pytest.approx(rolling.get())

    @pytest.mark.parametrize(
        ("query", "field"), [("rolling=true", "model"), ("model=m&rolling=yes", "rolling")]
    )
    def test_refuses_what_it_cannot_report(self, client: Client, query: str, field: str) -> None:
        client.init("regression")
        client.upload(regression(), "m")

        answer = client.get(f"/api/metrics?{query}")

        assert (answer.status, list(answer.message)) == (400, [field])


class TestHistory:
    def test_shows_how_a_model_came_to_where_it_is(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "m")
            wait_until(lambda: client.get("/api/metrics/history?model=m").json["seq"] == [0])
            # After so many there is a sample at once.
            records = [{"features": HOUSE, "ground_truth": number % 5} for number in range(1_000)]
            client.request("POST", "/api/learn", json.dumps(records).encode())
            wait_until(lambda: client.get("/api/metrics/history?model=m").json["seq"][-1] == 1_000)

            history = client.get("/api/metrics/history?model=m&points=2").json
            every = client.get("/api/metrics/history").json

            assert history["seq"] == [0, 1_000]
            assert history["metrics"]["MAE"][-1] == client.metrics("m")["MAE"]
            assert history["rolling"]["MAE"][-1] == pytest.approx(client.metrics("m")["MAE"])
            assert every["model"] is None
            assert every["metrics"]["MAE"][-1] == client.metrics()["MAE"]
            since = history["time"][-1]
            assert client.get(f"/api/metrics/history?model=m&since={since}").json["seq"] == [1_000]
            assert client.get("/api/metrics/history?model=m&learns=999").json["seq"] == [1_000]
            client.init("binary")
            assert client.get("/api/metrics/history").json["seq"] == []

    @pytest.mark.parametrize(
        ("query", "status", "field"),
        [
            ("points=0", 400, "points"),
            ("points=many", 400, "points"),
            ("learns=0", 400, "learns"),
            ("learns=10", 400, "learns"),
            ("since=yesterday", 400, "since"),
            ("since=1e400", 400, "since"),
            ("model=nobody", 404, None),
        ],
    )
    def test_refuses_what_it_cannot_report(
        self, client: Client, query: str, status: int, field: str | None
    ) -> None:
        client.init("regression")

        answer = client.get(f"/api/metrics/history?{query}")

        assert answer.status == status
        assert field is None or list(answer.message) == [field]
