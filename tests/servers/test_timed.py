"""Models that go by time on a server: `t` comes with the features, in every way that records come."""

import csv
import datetime as dt
import json
from typing import Any

import dill
from river import cluster, compose, feature_extraction, linear_model, stats, utils

from models_app.paradigms.moments import moment
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.servers import Server
from tests.servers.test_sockets import ask, open_socket

Record = dict[str, Any]
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TEXTS = ("the sea is calm", "rain at the sea", "a match at home", "home after rain")


def shops() -> Any:
    rolling = utils.TimeRolling(stats.Mean, period=dt.timedelta(days=2))
    return feature_extraction.TargetAgg(by="shop", how=rolling) | linear_model.LinearRegression()


def topics() -> Any:
    return feature_extraction.BagOfWords() | cluster.TextClust(tgap=40, fading_factor=0.01)


def record(number: int) -> Record:
    # Some are late.
    at = START + dt.timedelta(hours=7 * (number - 4 * (number % 6 == 5)))
    return {"features": {"shop": "abc"[number % 3]}, "t": at.isoformat()}


def truth(number: int) -> float:
    return 0.5 + 7 * number % 5


class Bare:
    """River alone."""

    def __init__(self) -> None:
        self.model = shops()

    def learn(self, numbers: range) -> None:
        for number in numbers:
            asked = record(number)
            self.model.learn_one(asked["features"], truth(number), t=moment(asked["t"]))

    def predictions(self) -> list[float]:
        return [self.model.predict_one({"shop": shop}) for shop in "abc"]


def predictions(client: Client, model: str = "shops") -> list[float]:
    asked = ({"model": model, "features": {"shop": shop}} for shop in "abc")
    return [client.predict(**each).json["prediction"] for each in asked]


def learn_one_by_one(client: Client, numbers: range) -> None:
    for number in numbers:
        asked = {"model": "shops", **record(number)}
        if number % 2:
            assert client.learn(**asked, ground_truth=truth(number)).status == 201
        else:
            assert client.predict(**asked, id=number).status == 201
            assert client.learn(id=number, ground_truth=truth(number)).status == 201


def learn_in_bulk(server: Server, client: Client, numbers: range) -> None:
    """Let it learn a third from an array, a third from a stream, a third over a WebSocket."""
    records = [{"model": "shops", **record(number), "ground_truth": truth(number)} for number in numbers]
    size = len(records) // 3
    answer = client.request("POST", "/api/learn", json.dumps(records[:size]).encode())
    assert (answer.status, set(map(str, answer.json))) == (201, {"{}"}), answer
    lines = "".join(json.dumps(each) + "\n" for each in records[size : 2 * size])
    streamed = client.request("POST", "/api/stream", lines.encode())
    assert set(streamed.body.splitlines()) == {b"{}"}, streamed
    with open_socket(server) as socket:
        assert ask(socket, records[2 * size :]) == [{}] * (len(records) - 2 * size)


def learn_from_file(server: Server, numbers: range) -> None:
    file = server.instance / "shops.csv"
    with file.open("w") as opened:
        table = csv.writer(opened)
        table.writerow(["shop", "seen", "price"])
        table.writerows(
            [record(number)["features"]["shop"], record(number)["t"], truth(number)] for number in numbers
        )
    done = server.manage("learn", str(file), "--model", "shops", "--target", "price", "--member", "t=seen")
    assert done.returncode == 0, done.stdout + done.stderr


class TestARegression:
    def test_learns_as_river_does_in_every_way_through_kill_9(self, start: Start) -> None:
        server, bare = start(), Bare()
        with server.client() as client:
            answer = client.request("POST", "/api/model/shops?flavor=auto", dill.dumps(shops()))
            assert answer.json.get("flavor") == "regression", answer
            learn_one_by_one(client, range(20))
            assert client.predict(model="shops", **record(20), id="20").status == 201
        server.restart(clean=False)
        with server.client() as client:
            assert client.learn(id="20", ground_truth=truth(20)).status == 201
            learn_in_bulk(server, client, range(21, 40))
            learn_from_file(server, range(40, 50))
        server.restart(clean=True)

        bare.learn(range(50))
        with server.client() as client:
            assert predictions(client) == bare.predictions()
            page = client.get("/models/shops/").body.decode()
            assert record(49)["t"] in page
            assert server.manage("roll_back", "shops", "--seq", "0").returncode == 0
            assert predictions(client) != bare.predictions()
            done = server.manage("replay", "shops", "--generation", "1", "--after", "0")
            assert done.returncode == 0, done.stderr
            assert predictions(client) == bare.predictions()
        verified = server.manage("verify_journal")
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def test_lends_its_pending_features_to_models_that_do_and_do_not(self, start: Start) -> None:
        server, bare = start(), Bare()
        with server.client() as client:
            agg = feature_extraction.TargetAgg(
                by="shop", how=utils.TimeRolling(stats.Mean, period=dt.timedelta(days=2))
            )
            untimed = compose.Discard("shop") | linear_model.LinearRegression()
            for name, model in {"shops": shops(), "other": shops(), "agg": agg, "untimed": untimed}.items():
                client.request("POST", f"/api/model/{name}?flavor=auto", dill.dumps(model))
            asked = {"model": "shops", **record(0)}

            for number, name in enumerate(["other", "agg", "untimed"]):
                client.predict(**asked, id=number)
                learned = client.learn(id=number, model=name, ground_truth=truth(0))
                assert learned.status == 201, (name, learned)
            client.predict(model="agg", **record(0), id="back")
            assert client.learn(id="back", model="shops", ground_truth=truth(0)).status == 201
            client.predict(model="untimed", features={"shop": "a"}, id="lacks")
            refused = client.learn(id="lacks", model="shops", ground_truth=1.0)

            bare.learn(range(1))
            assert predictions(client) == predictions(client, "other") == bare.predictions()
            agg_of = client.predict(model="agg", features={"shop": "a"}).json["prediction"]
            assert agg_of == {"y_mean_by_shop": truth(0)}
            assert refused.message == {"t": ["required field: the model goes by time"]}

    def test_changes_nothing_where_it_is_refused(self, start: Start) -> None:
        server, bare = start(), Bare()
        with server.client() as client:
            client.request("POST", "/api/model/shops?flavor=regression", dill.dumps(shops()))
            plain = linear_model.LinearRegression()
            client.request("POST", "/api/model/plain?flavor=regression", dill.dumps(plain))
            asked, untimed = {"model": "shops", **record(0)}, {"model": "shops", "features": {"shop": "a"}}
            client.learn(**asked, ground_truth=truth(0))
            client.predict(**asked, id="kept")

            refused = [
                client.learn(**untimed, ground_truth=1.0),
                client.predict(**untimed, id="lost"),
                client.learn(**{**asked, "t": "noon"}, ground_truth=1.0),
                client.learn(id="kept", t="2026-03-01", ground_truth=1.0),
                client.predict(model="plain", features={"x": 1.0}, t="2026-03-01"),
            ]

            assert [answer.message for answer in refused] == [
                {"t": ["required field: the model goes by time"]},
                {"t": ["required field with an id: it is kept, and learned with the features"]},
                {"t": ["must be a moment in ISO 8601, such as 2026-03-01T12:30:00Z"]},
                {"t": ["not with an id: it goes with the prediction"]},
                {"t": ["not taken by this model: nothing in it goes by time"]},
            ]
            bare.learn(range(1))
            assert predictions(client) == bare.predictions()
            assert client.learn(id="lost", ground_truth=1.0).code == "prediction_not_pending"
            assert client.learn(id="kept", ground_truth=1.0).status == 201


class TestAClusterer:
    def test_fades_by_the_time_that_came_through_kill_9(self, start: Start) -> None:
        server, bare = start(), topics()
        words = feature_extraction.BagOfWords()
        with server.client() as client:
            client.request("POST", "/api/model/topics?flavor=auto", dill.dumps(topics()))
            assert client.learn(features=TEXTS[0]).message == {
                "t": ["required field: the model goes by time"]
            }
            for number in range(60):
                asked = {"features": TEXTS[number % 4], "t": 5 * number}
                if number % 2:
                    assert client.learn(**asked).status == 201
                else:
                    client.predict(**asked, id=number)
                    assert client.learn(id=number).status == 201
                bare["TextClust"].learn_one(words.transform_one(TEXTS[number % 4]), t=5.0 * number)
        server.restart(clean=False)

        with server.client() as client:
            served = [client.predict(features=text).json["prediction"] for text in TEXTS]
            learned = dill.loads(client.download("topics"))["TextClust"]
        # A prediction changes it.
        assert {key: one.weight for key, one in learned.micro_clusters.items()} == {
            key: one.weight for key, one in bare["TextClust"].micro_clusters.items()
        }
        assert served == [bare["TextClust"].predict_one(words.transform_one(text)) for text in TEXTS]
        verified = server.manage("verify_journal")
        assert verified.returncode == 0, verified.stdout + verified.stderr
