"""A model of each flavor that there is on one server: measured by flavor, and shown."""

import json
import pickle
from typing import Any

from river import preprocessing

from models_app.paradigms.base import FEATURES, Paradigm
from models_app.paradigms.registry import FLAVORS
from tests.paradigms.test_battery import MODELS, UNPIPED, inputs
from tests.servers.clients import Client
from tests.servers.conftest import Start

N = 30


def model(paradigm: Paradigm) -> Any:
    fitting = MODELS[paradigm.name]()
    return fitting if paradigm.name in UNPIPED else preprocessing.StandardScaler() | fitting


def drive(client: Client, paradigm: Paradigm, numbers: range) -> None:
    """Let the flavor's model predict by id and learn."""
    name = paradigm.name
    for number in numbers:
        asked: Any = inputs(paradigm, number)
        members = asked if paradigm.takes else {FEATURES: asked}
        prediction_id = f"{name} {number}"
        answer = client.predict(model=name, id=prediction_id, **members)
        assert answer.status in (200, 201), (name, answer)
        truth = paradigm.trial_truths[0](number)
        known = {} if truth is None else {"ground_truth": truth}
        if client.learn(id=prediction_id, **known).status == 400:
            # Of some no ids are pending: what is learned is the next observation.
            learned = client.learn(model=name, **known)
            assert learned.status == 201, (name, learned)
        if truth is None and paradigm.scores_late:
            late = client.learn(id=prediction_id, ground_truth=json.loads(paradigm.example_truth))
            assert late.status == 201, (name, late)


def measured(client: Client) -> dict[str, tuple[Any, Any]]:
    """Return by flavor the metrics of its model, and those over all of its models, by the same names."""
    found = {}
    for flavor in FLAVORS:
        own = client.metrics(flavor)
        over_all = client.get(f"/api/metrics?flavor={flavor}").json
        found[flavor] = own, {name: over_all[name] for name in own}
    return found


def test_metrics_over_the_only_model_of_a_flavor_are_its_own_through_kill_9(start: Start) -> None:
    server = start()
    with server.client() as client:
        for flavor, paradigm in FLAVORS.items():
            data = pickle.dumps(model(paradigm))
            uploaded = client.request("POST", f"/api/model/{flavor}?flavor={flavor}", data)
            assert (uploaded.status, uploaded.json["flavor"]) == (201, flavor), uploaded
            drive(client, paradigm, range(N))
        as_they_came = measured(client)
    server.restart(clean=False)
    with server.client() as client:
        from_the_journal = measured(client)
        for paradigm in FLAVORS.values():
            drive(client, paradigm, range(N, 2 * N))
        at_the_end = measured(client)
    server.restart(clean=True)

    with server.client() as client:
        written_down = measured(client)
        details = client.get("/api/models?details=1").json["details"]
        pages = ["/", "/metrics", "/compare/?" + "&".join(f"model={name}" for name in FLAVORS)]
        for flavor in FLAVORS:
            pages += [f"/models/{flavor}/", f"/models/{flavor}/diagnostics/"]
            pages += [f"/api/metrics?model={flavor}&rolling=true", f"/api/metrics/history?flavor={flavor}"]
        refused = [page for page in pages if client.get(page).status != 200]
    for flavor in FLAVORS:
        for own, over_all in (as_they_came[flavor], from_the_journal[flavor], at_the_end[flavor]):
            assert own == over_all, flavor
    assert from_the_journal == as_they_came
    assert written_down == at_the_end
    assert refused == []
    assert {model["name"]: (model["flavor"], model["headline"]) for model in details} == {
        flavor: (flavor, paradigm.headline or None) for flavor, paradigm in FLAVORS.items()
    }
