"""/api/stats?model=: how one model is served."""

import json
import time
from typing import Any

from models_app.models.storage.sqlite.commits import to_column
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.test_contract import HOUSE, regression
from tests.servers.waiting import wait_until

CALLS = ["n_calls", "mean_duration", "mean_duration_human", "ewm_duration", "ewm_duration_human"]


def stats(client: Client, model: str) -> Any:
    answer = client.get(f"/api/stats?model={model}")
    assert answer.status == 200, answer
    return answer.json


class TestStatsOfAModel:
    def test_say_how_it_is_served(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        client.upload(regression(), "hut")
        client.predict(features=HOUSE, model="hut")
        for number in range(4):
            client.predict(features=HOUSE, model="house", id=number)
        for number in range(3):
            client.learn(id=number, ground_truth=150)
        client.learn(features=HOUSE, ground_truth=150, model="house")
        client.learn(features=HOUSE, ground_truth="no number", model="house")
        records = [{"features": HOUSE, "ground_truth": text, "model": "house"} for text in ("a", "b")]
        client.request("POST", "/api/learn", json.dumps(records).encode())

        found = stats(client, "house")

        assert found["model"] == "house"
        assert list(found["predict"]) == list(found["learn"]) == CALLS
        # Refused ones are calls, too, and each record is one.
        assert (found["predict"]["n_calls"], found["learn"]["n_calls"]) == (4, 7)
        assert found["learn"]["mean_duration"] > 0
        assert found["learn"]["ewm_duration"] > 0
        assert found["refused"] == {"invalid_ground_truth": 3}
        assert found["durations"]["answer"]["n"] == found["durations"]["wait"]["n"] == 11
        for step in found["durations"].values():
            assert 0 < step["p50"] <= step["p90"] <= step["p99"] < 60
        assert found["delay"]["n"] == 3
        assert 0 <= found["delay"]["p50"] <= found["delay"]["p99"] < 60
        assert found["pending"]["n"] == 1
        assert found["pending"]["by_age"][0] == {"up_to_seconds": 60, "n": 1}
        assert found["size_bytes"] > 100
        assert found["memory_bytes"] > 1_000
        assert found["snapshot"]["seq"] == 0
        assert abs(found["snapshot"]["taken_at"] - time.time()) < 600

    def test_cover_a_model_that_nobody_has_asked_yet(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")

        found = stats(client, "house")

        assert (
            found["predict"]
            == found["learn"]
            == {
                "n_calls": 0,
                "mean_duration": 0,
                "mean_duration_human": "0ns",
                "ewm_duration": 0,
                "ewm_duration_human": "0ns",
            }
        )
        assert found["delay"] == {"n": 0, "p50": None, "p90": None, "p99": None}
        assert found["durations"]["answer"] == found["delay"]
        assert (found["refused"], found["pending"]["n"]) == ({}, 0)

    def test_refuse_unknown_models_and_a_server_without_a_flavor(self, start: Start) -> None:
        with start().client() as client:
            before = client.get("/api/stats?model=house")
            client.init("regression")
            unknown = client.get("/api/stats?model=house")

        assert (before.status, before.code) == (400, "flavor_not_set")
        assert (unknown.status, unknown.code) == (404, "model_not_found")
        assert unknown.message == "No model named 'house'."

    def test_without_a_model_are_what_they_were(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        client.predict(features=HOUSE)

        found = client.get("/api/stats").json

        assert list(found) == ["predict", "learn"]
        assert list(found["predict"]) == list(found["learn"]) == CALLS

    def test_begin_anew_with_an_upload(self, client: Client) -> None:
        client.init("regression")
        for _ in range(2):
            client.upload(regression(), "house")
            client.learn(features=HOUSE, ground_truth=150)

        assert stats(client, "house")["learn"]["n_calls"] == 1

    def test_know_the_delays_after_a_crash(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            client.init("regression")
            client.upload(regression(), "house")
            client.predict(features=HOUSE, id=1)
            client.predict(features=HOUSE, id=2)
        server.stop()
        with server.database.connect() as connection:
            connection.execute(
                "UPDATE models_app_pendingprediction SET predicted_at = ?", (to_column(time.time() - 3_600),)
            )
        server.start()
        with server.client() as client:
            client.learn(id=1, ground_truth=150)
            server.restart(clean=False)
        with server.client() as client:
            found = stats(client, "house")

        assert found["delay"]["n"] == 1
        assert 3_600 <= found["delay"]["p50"] < 3_900
        assert found["pending"]["by_age"][2] == {"up_to_seconds": 86_400, "n": 1}
        assert found["learn"]["n_calls"] == 0

    def test_say_what_it_does_a_second(self, client: Client) -> None:
        client.init("regression")
        client.upload(regression(), "house")
        for number in range(50):
            client.predict(features=HOUSE, id=number)
            client.learn(id=number, ground_truth=150)

        wait_until(lambda: stats(client, "house")["rates"]["learns_per_second"] > 0)
        rates = stats(client, "house")["rates"]

        assert rates["window_seconds"] == 60
        assert 50 / 60 <= rates["predictions_per_second"] <= 50
