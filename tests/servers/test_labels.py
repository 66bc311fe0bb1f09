"""/api/labels: what is pending, the least certain first."""

import csv
import io
import json
import math
import pickle
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from river import compat, datasets, linear_model, naive_bayes, preprocessing
from sklearn.linear_model import SGDClassifier

from tests.servers.clients import Answer, Client
from tests.servers.servers import Server
from tests.servers.test_contract import state

SITES = list(datasets.Phishing().take(80))


def logistic() -> Any:
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


def send(client: Client, path: str, records: list[dict[str, Any]]) -> Any:
    answers = client.request("POST", path, json.dumps(records).encode()).json
    assert [answer for answer in answers if "error" in answer] == []
    return answers


def labels(client: Client, **query: object) -> Answer:
    return client.get(f"/api/labels?{urlencode(query)}")


@pytest.fixture
def pending(client: Client) -> dict[str, dict[str, Any]]:
    """Serve a model that has predicted; return what it has pending, by id."""
    client.init("binary")
    client.upload(logistic(), "other")
    client.upload(logistic(), "m")
    send(client, "/api/learn", [{"features": x, "ground_truth": y} for x, y in SITES[:40] * 3])
    records = [{"features": x, "id": f"é {number}"} for number, (x, _) in enumerate(SITES[40:])]
    answers = send(client, "/api/predict", [*records, {"features": {"a": 1}, "id": "o", "model": "other"}])
    return {
        record["id"]: {**record, "prediction": answer["prediction"]}
        for record, answer in zip(records, answers, strict=False)
    }


def entropy(prediction: dict[str, float]) -> float:
    return -sum(p * math.log2(p) for p in prediction.values() if p)


def test_has_the_least_certain_first(client: Client, pending: dict[str, dict[str, Any]]) -> None:
    found = labels(client, model="m").json

    assert (found["model"], found["looked_at"], found["next"]) == ("m", len(pending), None)
    for label in found["labels"]:
        assert label["uncertainty"] == pytest.approx(entropy(label["prediction"]))
        assert {name: label[name] for name in ("id", "features", "prediction")} == pending[label["id"]]
        assert abs(label["predicted_at"] - time.time()) < 60
    certain = [(-label["uncertainty"], label["id"]) for label in found["labels"]]
    assert certain == sorted(certain)
    assert len(certain) == len(pending)


def test_goes_on_where_it_was_whatever_is_learned_meanwhile(
    client: Client, pending: dict[str, dict[str, Any]]
) -> None:
    all_ids = [label["id"] for label in labels(client, model="m").json["labels"]]

    first = labels(client, model="m", limit=10).json
    for label in first["labels"][5:]:
        assert client.learn(id=label["id"], ground_truth=True).status == 201
    second = labels(client, model="m", limit=30, after=first["next"]).json

    assert [label["id"] for label in first["labels"] + second["labels"]] == all_ids
    assert second["next"] is None
    assert [label["id"] for label in labels(client, model="m", limit=6).json["labels"]] == [
        *all_ids[:5], all_ids[10],
    ]  # fmt: skip


def test_is_a_table_for_who_wants_one(client: Client, pending: dict[str, dict[str, Any]]) -> None:
    client.predict(features={"text": '=1,"2"\n', "list": [1, None]}, id="odd", model="m")
    known = labels(client, model="m").json["labels"]

    answer = labels(client, model="m", format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="m.csv"'
    assert [row["id"] for row in rows] == [label["id"] for label in known]
    for row, label in zip(rows, known, strict=True):
        assert float(row["uncertainty"]) == label["uncertainty"]
        assert json.loads(row["prediction"]) == label["prediction"]
        assert datetime.fromisoformat(row["predicted_at"]).timestamp() == label["predicted_at"]
    odd = next(row for row in rows if row["id"] == "odd")
    assert (odd["features.text"], odd["features.list"]) == ('=1,"2"\n', "[1,null]")
    number = next(row for row in rows if row["id"] == "é 0")
    assert {name: json.loads(number[f"features.{name}"]) for name in SITES[40][0]} == SITES[40][0]


def test_begins_with_what_a_model_knows_nothing_of(client: Client) -> None:
    client.init("multiclass")
    client.upload(naive_bayes.GaussianNB(), "m")
    client.predict(features={"a": 1.0}, id="before")
    for truth in ("x", "x", "y", "y"):
        client.learn(features={"a": 1.0 if truth == "x" else 100.0}, ground_truth=truth)
        client.learn(features={"a": 2.0 if truth == "x" else 120.0}, ground_truth=truth)
    client.predict(features={"a": 1.5}, id="after")

    found = labels(client, model="m").json["labels"]

    assert (found[0]["prediction"], found[0]["uncertainty"]) == ({}, 1.0)
    assert [label["id"] for label in found] == ["before", "after"]


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("", 400, "model"),
        ("model=nobody", 404, None),
        ("model=line", 400, "model"),
        ("model=hinge", 400, "model"),
        ("model=m&limit=0", 400, "limit"),
        ("model=m&limit=1001", 400, "limit"),
        ("model=m&format=xml", 400, "format"),
        ("model=m&after=", 400, "after"),
        ("model=m&after=1.5:a", 400, "after"),
        ("model=m&after=nan:a", 400, "after"),
        ("model=m&after=0.5", 400, "after"),
        ("model=m&after=0.5:%00", 400, "after"),
        ("model=m&befor=1", 400, "befor"),
        ("model=m&model=m", 400, "model"),
    ],
)
def test_what_cannot_be_had_is_refused(
    server: Server, client: Client, query: str, status: int, named: str | None
) -> None:
    client.init("binary")
    client.upload(logistic(), "m")
    hinge = SGDClassifier(loss="hinge", random_state=1)
    client.upload(compat.convert_sklearn_to_river(hinge, classes=[False, True]), "hinge")
    uploaded = client.request("POST", "/api/model/line?flavor=label", pickle.dumps(logistic()))
    assert uploaded.status == 201
    before = state(server, client)

    answer = client.get(f"/api/labels?{query}")

    assert answer.status == status
    if named is not None:
        assert list(answer.message) == [named]
    assert state(server, client) == before
