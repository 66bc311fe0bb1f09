"""Whether to ask for the ground truth of a prediction: as a sampler answers, and as an option."""

import json
import pickle
from typing import Any

import pytest
from river import active, compat, datasets, forest, linear_model, naive_bayes, preprocessing
from sklearn.linear_model import SGDClassifier

from tests.servers.bare_loops import call_all, seed_of
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.sampling import Step, asked_by_river
from tests.servers.servers import Server
from tests.servers.test_contract import state
from tests.servers.test_sockets import ask, open_socket

SITES = list(datasets.Phishing().take(60))
SEGMENTS = list(datasets.ImageSegments().take(60))


def sampler() -> Any:
    return active.EntropySampler(
        preprocessing.StandardScaler() | linear_model.LogisticRegression(), discount_factor=2, seed=7
    )


def text(x: dict[str, Any]) -> str:
    return json.dumps(x)


def shown(answered: tuple[Any, bool]) -> tuple[Any, bool]:
    """Return what River answers as JSON has it."""
    y_pred, asks = answered
    if isinstance(y_pred, dict):
        y_pred = {label if isinstance(label, str) else json.dumps(label): p for label, p in y_pred.items()}
    return y_pred, asks


#: By name: the flavor, the model, records, and what River is called by.
CASES: dict[str, tuple[str, Any, list[tuple[Any, Any]], str]] = {
    "binary": ("binary", sampler(), SITES, "predict_proba_one"),
    "several": (
        "multiclass",
        preprocessing.StandardScaler() | active.EntropySampler(naive_bayes.GaussianNB(), seed=1),
        SEGMENTS,
        "predict_proba_one",
    ),
    "label": ("label", sampler(), SITES, "predict_one"),
    # Its first call sets it up.
    "forest": (
        "multiclass",
        active.EntropySampler(forest.ARFClassifier(n_models=2, seed=1), discount_factor=0.5),
        SEGMENTS,
        "predict_proba_one",
    ),
}


def test_samplers_answer_as_river_does(start: Start, forks: ForkServer) -> None:
    server = start(launcher=forks)
    models = {name: pickle.dumps(model) for name, (_, model, _, _) in CASES.items()}
    steps: dict[str, list[Step]] = {name: [] for name in CASES}
    answers: dict[str, list[tuple[Any, bool]]] = {name: [] for name in CASES}

    def go_on(client: Client, name: str, first: int, end: int) -> None:
        samples = CASES[name][2]
        for number, (x, y) in enumerate(samples[first:end], first):
            known = f"{name} {number}"
            answer = client.predict(features=x, id=known, model=name)
            assert (answer.status, list(answer.json)) == (201, ["model", "prediction", "ask"])
            assert client.predict(features=x, id=known, model=name).json == answer.json
            plain = client.predict(features=x, model=name).json
            answers[name].extend((found["prediction"], found["ask"]) for found in (answer.json, plain))
            steps[name].extend([("predict", known, text(x)), ("predict", None, text(x))])
            # Some labels at first, then what is asked for.
            if number < 15 or answer.json["ask"]:
                assert client.learn(id=known, ground_truth=y).status == 201
                steps[name].append(("learn", text(x), y))

    with server.client() as client:
        client.init("binary")
        for name, (flavor, _, _, _) in CASES.items():
            uploaded = client.request("POST", f"/api/model/{name}?flavor={flavor}", models[name])
            assert uploaded.status == 201, uploaded
            go_on(client, name, 0, 25)
    server.restart(clean=False)
    with server.client() as client:
        for name in CASES:
            go_on(client, name, 25, 40)
    assert server.stop() == 0

    calls = [(asked_by_river, models[name], name, steps[name], CASES[name][3]) for name in CASES]
    bare = call_all(calls, seed=seed_of(server.instance))
    assert answers == {
        name: [shown(found) for found in asked] for name, asked in zip(CASES, bare, strict=True)
    }
    assert {asks for asked in answers.values() for _, asks in asked} == {True, False}
    verified = server.manage("verify_journal").stdout
    assert verified.count(": equal") == len(CASES), verified


def test_predictions_between_two_learns_draw_each_for_itself(client: Client) -> None:
    client.init("binary")
    client.upload(sampler(), "m")

    for x, y in SITES[30:60]:
        client.learn(features=x, ground_truth=y)
    x = SITES[0][0]

    def asked(records: list[dict[str, Any]]) -> int:
        answers = client.request("POST", "/api/predict", json.dumps(records).encode()).json
        return len({answer["ask"] for answer in answers})

    assert asked([{"features": x, "id": number} for number in range(200)]) == 2
    assert asked([{"features": {**x, "nothing": number}} for number in range(200)]) == 2
    assert asked([{"features": x}] * 200) == 1


def test_records_of_arrays_and_streams_are_answered_alike(server: Server, client: Client) -> None:
    client.init("binary")
    client.upload(sampler(), "m")
    records = [{"features": x, "id": number, "ref": number} for number, (x, _) in enumerate(SITES[:30])]
    for x, y in SITES[30:60]:
        client.learn(features=x, ground_truth=y)

    single = [client.predict(features=x, id=number).json for number, (x, _) in enumerate(SITES[:30])]
    array = client.request("POST", "/api/predict", json.dumps(records).encode()).json
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    streamed = [json.loads(line) for line in client.request("POST", "/api/stream", lines).body.splitlines()]
    with open_socket(server) as connection:
        messages = [ask(connection, record) for record in records]

    assert array == [{**found, "ref": number} for number, found in enumerate(single)]
    assert streamed == messages == array
    assert {found["ask"] for found in single} == {True, False}
    assert client.learn(id=3, ground_truth=True).status == 201


def test_lines_of_a_file_are_answered_alike(start: Start) -> None:
    server = start()
    with server.client() as client:
        client.init("binary")
        client.upload(sampler(), "m")
        for x, y in SITES[30:60]:
            client.learn(features=x, ground_truth=y)
        single = [client.predict(features=x).json for x, _ in SITES[:30]]
    file = server.instance / "records.ndjson"
    file.write_text("".join(json.dumps({"features": x}) + "\n" for x, _ in SITES[:30]))

    handed = server.manage("predict", str(file))
    assert server.stop() == 0
    alone = server.manage("predict", str(file))

    for done in (handed, alone):
        assert [json.loads(line) for line in done.stdout.splitlines()] == single, done.stderr


def test_the_option_is_answered_by_the_probabilities(client: Client) -> None:
    client.init("binary")
    client.upload(preprocessing.StandardScaler() | linear_model.LogisticRegression(), "m")
    client.upload(active.EntropySampler(linear_model.LogisticRegression(), discount_factor=0), "always")
    taught = [{"features": x, "ground_truth": y, "model": "m"} for x, y in SITES * 4]
    client.request("POST", "/api/learn", json.dumps(taught).encode())
    asked = []
    for number, (x, _) in enumerate(SITES):
        answer = client.predict(features=x, id=number, options=["explanation", "ask"], model="m").json
        assert list(answer) == ["model", "prediction", "ask", "explanation"]
        # Of two labels, 0.8 of the highest entropy is where none has three quarters, nearly.
        assert answer["ask"] == (max(answer["prediction"].values()) < 0.7571)
        assert list(client.predict(features=x, model="m").json) == ["model", "prediction"]
        asked.append(answer["ask"])
    assert set(asked) == {True, False}

    # A sampler says itself.
    client.learn(features={"x": 40.0}, ground_truth=True, model="always")
    answer = client.predict(features={"x": 40.0}, options=["ask"], model="always").json
    assert answer["prediction"]["true"] > 0.99
    assert answer["ask"] is True


@pytest.mark.parametrize("flavor", ["label", "binary", "regression"])
def test_the_option_is_refused_without_probabilities(server: Server, client: Client, flavor: str) -> None:
    client.init(flavor)
    hinge = compat.convert_sklearn_to_river(
        SGDClassifier(loss="hinge", random_state=1), classes=[False, True]
    )
    client.upload(linear_model.LinearRegression() if flavor == "regression" else hinge, "m")
    before = state(server, client)

    answer = client.predict(features={"x": 1.0}, id=1, options=["ask"])

    assert (answer.status, list(answer.message)) == (400, ["options"])
    assert state(server, client) == before


def test_a_sampler_that_raises_leaves_nothing_pending(server: Server, client: Client) -> None:
    client.init("binary")
    client.upload(active.EntropySampler(linear_model.LogisticRegression(), discount_factor="3"), "m")
    before = state(server, client)

    answer = client.predict(features={"x": 1.0}, id=1)

    assert (answer.status, answer.code) == (400, "model_raised")
    assert state(server, client) == before
