"""All of River's transformers, statistics and drift detectors on a server, against River alone."""

import copy
import datetime as dt
import json
from typing import Any

import dill
import pytest
from river import linear_model, preprocessing, sketch, stats, utils

from models_app.domain import predictions
from models_app.paradigms import readings
from models_app.paradigms.moments import moment
from tests.paradigms.updated_models import DETECTORS, STATISTICS, TRANSFORMERS, UNPICKLED, Case, N, Record
from tests.servers.clients import Client
from tests.servers.conftest import Start

#: Detectors take a while to see something.
N_BY_FLAVOR = {"transform": N, "statistic": N, "drift": 600}
CASES = {"transform": TRANSFORMERS, "statistic": STATISTICS, "drift": DETECTORS}


def shown(value: object) -> object:
    """Return what a client reads of River's own answer."""
    return json.loads(json.dumps(predictions.to_json(predictions.tree(value))))


def joined(name: object) -> object:
    return " ".join(map(str, name)) if isinstance(name, tuple) else name


class Bare:
    """River alone."""

    def __init__(self, flavor: str, case: Case) -> None:
        self.flavor = flavor
        self.model = case.make()

    def learn(self, record: Record) -> None:
        model, truth, features = self.model, record.get("ground_truth"), record.get("features")
        at = {"t": moment(record["t"])} if "t" in record else {}
        if self.flavor == "transform":
            model.learn_one(features, *([] if truth is None else [truth]), **at)
        elif features is not None:
            model.update(features, **at)
        elif isinstance(truth, dict):
            model.update(**truth, **at)
        elif hasattr(model, "add"):
            model.add(truth)
        else:
            model.update(truth, **at)

    def read(self, record: Record) -> object:
        # Some draw, or take in names, where they are asked: a server does that on a copy.
        model = copy.deepcopy(self.model)
        if self.flavor == "transform":
            found = model.transform_one(record["features"])
            return shown({joined(name): found[name] for name in found})
        if self.flavor == "drift":
            names = {"drift": "drift_detected", "warning": "warning_detected", "estimation": "estimation"}
            return shown({name: getattr(model, of) for name, of in names.items() if hasattr(model, of)})
        read = readings.read_by(model)
        return shown(model.get() if read is None else read(readings.measured(model)))

    def asked(self, about: Any) -> object:
        model = readings.measured(self.model)
        if isinstance(model, sketch.Set):
            return about in model
        if isinstance(model, sketch.Histogram):
            return shown(model.cdf(about))
        return shown(
            model[about] if isinstance(model, sketch.Counter | sketch.HeavyHitters) else model(about)
        )


class Side:
    """Models of one flavor on a server, beside River alone."""

    def __init__(self, flavor: str) -> None:
        self.flavor = flavor
        self.cases = {name: case for name, case in CASES[flavor].items() if name not in UNPICKLED}
        self.bare = {name: Bare(flavor, case) for name, case in self.cases.items()}

    def upload(self, client: Client) -> None:
        for name, case in self.cases.items():
            answer = client.request("POST", f"/api/model/{name}?flavor=auto", dill.dumps(case.make()))
            assert (answer.status, answer.json.get("flavor")) == (201, self.flavor), (name, answer)

    def learn(self, client: Client, numbers: range) -> None:
        for name, case in self.cases.items():
            records = [case.record(number) for number in numbers]
            body = json.dumps([{**record, "model": name} for record in records])
            answer = client.request("POST", "/api/learn", body.encode())
            assert answer.status == 201, (name, answer)
            assert not any(answer.json), (name, answer.json[:2])
            for record in records:
                self.bare[name].learn(record)

    def differing(self, client: Client, number: int) -> dict[str, Any]:
        """Return what is read otherwise than of River alone."""
        found = {}
        for name, case in self.cases.items():
            record, bare = case.record(number), self.bare[name]
            asked = {"features": record["features"]} if self.flavor == "transform" else {}
            read = client.predict(model=name, **asked).json["prediction"]
            if read != bare.read(record):
                found[name] = read
            for about in case.questions:
                read = client.predict(model=name, of=about).json["prediction"]
                if read != bare.asked(about):
                    found[name] = about, read
        return found


@pytest.mark.parametrize("flavor", CASES)
def test_each_class_reads_as_river_does_through_kill_9(start: Start, flavor: str) -> None:
    side = Side(flavor)
    n = N_BY_FLAVOR[flavor]
    server = start()

    with server.client() as client:
        side.upload(client)
        assert side.differing(client, 0) == {}
        side.learn(client, range(n // 2))
        assert side.differing(client, n // 2) == {}
    server.restart(clean=False)
    with server.client() as client:
        assert side.differing(client, n // 2) == {}
        side.learn(client, range(n // 2, n))
        assert side.differing(client, n) == {}
        name = next(iter(side.cases))
        for page in (
            "",
            f"models/{name}/",
            f"models/{name}/diagnostics/",
            f"compare/?model={name}",
            "metrics",
        ):
            assert client.get(f"/{page}").status == 200, page
        assert client.get(f"/api/metrics?model={name}").status == 200

    done = server.manage("verify_journal")
    assert done.returncode == 0, done.stdout + done.stderr


class TestWaysIn:
    """What is updated takes values in every way that records come."""

    def test_from_files_streams_and_the_ids_of_other_models(self, start: Start) -> None:
        server = start()
        mean = stats.Mean()
        with server.client() as client:
            for name, model, flavor in [
                ("house", linear_model.LinearRegression(), "regression"),
                ("mean", stats.Mean(), "statistic"),
            ]:
                answer = client.request("POST", f"/api/model/{name}?flavor={flavor}", dill.dumps(model))
                assert answer.status == 201, answer
            file = server.instance / "values.ndjson"
            file.write_text("".join(f'{{"ground_truth": {number}.5}}\n' for number in range(5)))

            done = server.manage("learn", str(file), "--model", "mean")
            assert done.returncode == 0, done.stderr
            lines = b'{"model": "mean", "ground_truth": 7.25}\n{"model": "mean"}\n'
            streamed = client.request("POST", "/api/stream", lines)
            client.predict(model="house", id=1, features={"x": 1.0})
            assert client.learn(model="mean", id=1, ground_truth=2.0).status == 201
            client.predict(model="mean", id=2)
            assert client.learn(id=2, ground_truth=3.0).status == 201

            for value in [0.5, 1.5, 2.5, 3.5, 4.5, 7.25]:
                mean.update(value)
            assert [json.loads(line) for line in streamed.body.splitlines()][1]["prediction"] == mean.get()
            mean.update(2.0)
            mean.update(3.0)
            assert client.predict(model="mean").json["prediction"] == mean.get()

    def test_changes_nothing_where_it_is_refused(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            model = utils.TimeRolling(stats.Mean, period=dt.timedelta(days=1))
            client.request("POST", "/api/model/mean?flavor=statistic", dill.dumps(model))
            client.learn(ground_truth=4.0, t="2026-03-01T12:00:00Z")

            refused = [
                client.learn(ground_truth=1.0),
                client.learn(ground_truth=1.0, t="noon"),
                client.learn(ground_truth={"y": 1.0}, t="2026-03-01T13:00:00Z"),
                # The model raises.
                client.learn(ground_truth="cat", t="2026-03-01T13:00:00Z"),
                client.predict(of=3),
                client.learn(features={"x": 1.0}, t="2026-03-01T13:00:00Z"),
            ]

            assert [answer.code for answer in refused] == [
                "invalid_request",
                "invalid_request",
                "invalid_ground_truth",
                "model_raised",
                "invalid_request",
                "invalid_request",
            ]
            assert client.predict().json["prediction"] == 4.0

    def test_learns_again_what_came_after_a_snapshot(self, start: Start) -> None:
        server = start()
        with server.client() as client:
            scaler = preprocessing.MinMaxScaler()
            client.request("POST", "/api/model/scaled?flavor=transform", dill.dumps(scaler))
            for number in range(6):
                client.learn(features={"x": float(number)})
            before = client.predict(features={"x": 2.0}).json
            assert server.manage("roll_back", "scaled", "--seq", "0").returncode == 0
            assert client.predict(features={"x": 2.0}).json != before

            done = server.manage("replay", "scaled", "--generation", "1", "--after", "0")

            assert done.returncode == 0, done.stderr
            assert client.predict(features={"x": 2.0}).json == before
