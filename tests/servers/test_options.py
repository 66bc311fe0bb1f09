"""Options of a prediction, over HTTP: what is asked for is answered beside it, and changes nothing."""

import json
from typing import Any

import pytest
from river import conf, datasets, facto, linear_model, preprocessing, stats

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server
from tests.servers.test_contract import state

ROLLING = "/api/metrics?model=m&rolling=true"
POLLS = list(datasets.TrumpApproval().take(30))


def intervals() -> Any:
    return preprocessing.StandardScaler() | conf.RegressionJackknife(linear_model.LinearRegression())


def test_are_answered_as_river_answers_them_and_change_nothing(start: Start) -> None:
    server, bare, validity, width = start(), intervals(), stats.Mean(), stats.Mean()
    with server.client() as client:
        client.init("regression")
        client.upload(intervals(), "m")
        for number, (x, y) in enumerate(POLLS):
            interval = bare.predict_one(x, with_interval=True)
            answer = client.predict(features=x, id=number, options=["interval", "explanation"])
            assert (answer.status, list(answer.json)) == (
                201, ["model", "prediction", "interval", "explanation"],
            )  # fmt: skip
            assert answer.json["prediction"] == bare.predict_one(x)
            assert answer.json["interval"] == {
                "lower": interval.lower, "upper": interval.upper, "level": 0.95,
            }  # fmt: skip
            assert answer.json["explanation"]["text"] == bare.debug_one(x)
            assert list(client.predict(features=x).json) == ["model", "prediction"]
            assert client.learn(id=number, ground_truth=y).status == 201
            bare.learn_one(x, y)
            validity.update(y in interval)
            width.update(interval.width)
        # Nobody asked for the interval of this one: it is no part of the coverage.
        client.learn(features=x, ground_truth=9e6)
        bare.learn_one(x, 9e6)
        found, rolling = client.metrics("m"), client.get(ROLLING).json
        every, samples = client.metrics(), scrape(client)
        assert client.get("/api/stats").json["predict"]["n_calls"] == 2 * len(POLLS)
    assert list(found) == ["MAE", "RMSE", "SMAPE", "IntervalCoverage", "IntervalWidth"]
    assert (found["IntervalCoverage"], found["IntervalWidth"]) == (validity.get(), width.get())
    assert 0.0 < validity.get() < 1.0
    assert rolling == found
    assert list(every) == ["MAE", "RMSE", "SMAPE"]
    of_model = {"model": "m", "flavor": "regression", "metric": "IntervalCoverage"}
    assert value(samples, "metric", **of_model) == validity.get()
    server.restart(clean=False)

    with server.client() as client:
        assert (client.metrics("m"), client.get(ROLLING).json, client.metrics()) == (found, rolling, every)
        assert client.predict(features=POLLS[0][0]).json["prediction"] == bare.predict_one(POLLS[0][0])


def test_are_answered_among_other_records(client: Client) -> None:
    client.init("regression")
    client.upload(intervals(), "m")
    x = POLLS[0][0]
    records: list[dict[str, Any]] = [
        {"features": x, "options": ["interval"], "ref": 1},
        {"features": x},
        {"features": x, "ground_truth": 1.0, "options": ["interval"]},
    ]

    array = client.request("POST", "/api/predict", json.dumps(records[:2]).encode()).json
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    streamed = [json.loads(line) for line in client.request("POST", "/api/stream", lines).body.splitlines()]

    assert array == streamed[:2]
    assert list(array[0]) == ["model", "prediction", "interval", "ref"]
    assert streamed[2]["message"] == {"options": ["only of a prediction"]}


@pytest.mark.parametrize(
    "options", [["distribution"], ["colour"], [], "interval", {"interval": True}, [1], None, ["interval", []]]
)
def test_that_cannot_be_had_are_refused_and_leave_nothing(
    server: Server, client: Client, options: object
) -> None:
    client.init("regression")
    client.upload(intervals(), "m")
    before = state(server, client)

    answer = client.predict(features=POLLS[0][0], id=1, options=options)

    assert (answer.status, list(answer.message)) == (400, ["options"])
    assert state(server, client) == before


def test_leave_no_trace_in_a_model_that_changes_when_it_predicts(start: Start) -> None:
    server = start()
    with server.client() as client:
        client.init("regression")
        client.upload(preprocessing.StandardScaler() | facto.FMRegressor(seed=1), "m")
        for number, (x, y) in enumerate(POLLS):
            fresh = {**x, f"new {number}": 1.0}
            asked = client.predict(features=fresh, options=["explanation"])
            assert asked.json["prediction"] == client.predict(features=fresh).json["prediction"]
            client.learn(features=x, ground_truth=y)
    assert server.stop() == 0

    assert server.manage("verify_journal").stdout.startswith("m: equal")


def test_are_no_members_of_a_files_lines(start: Start) -> None:
    server = start()
    with server.client() as client:
        client.init("regression")
        client.upload(intervals(), "m")
    file = server.instance / "records.ndjson"
    file.write_text(json.dumps({"features": POLLS[0][0], "options": ["interval"]}) + "\n")

    done = server.manage("predict", str(file))

    assert done.returncode == 1
    assert "options" in done.stderr


def test_are_asked_for_with_each_record_of_a_file(start: Start) -> None:
    server = start()
    with server.client() as client:
        client.init("regression")
        client.upload(intervals(), "m")
        for x, y in POLLS:
            client.learn(features=x, ground_truth=y)
        asked = [client.predict(features=x, options=["interval", "explanation"]).json for x, _ in POLLS[:5]]
        file = server.instance / "records.ndjson"
        lines = (json.dumps({"features": x, "id": number}) for number, (x, _) in enumerate(POLLS[:5]))
        file.write_text("\n".join(lines))

        beside = server.manage("predict", str(file), "--option", "interval", "--option", "explanation")
        refused = server.manage("predict", str(file), "--option", "distribution")
        unknown = server.manage("predict", str(file), "--option", "colour")
        client.learn(id=0, ground_truth=POLLS[0][1])

        assert [json.loads(line) for line in beside.stdout.splitlines()] == asked
        assert (
            "line 1: options: 'distribution' is nothing that RegressionJackknife predicts" in refused.stderr
        )
        assert "colour" in unknown.stderr
        assert client.metrics("m")["IntervalCoverage"] is not None
    assert server.stop() == 0

    alone = server.manage("predict", str(file), "--option", "interval", "--option", "explanation")
    assert len(alone.stdout.splitlines()) == len(asked)
    assert list(json.loads(alone.stdout.splitlines()[0])) == list(asked[0])
