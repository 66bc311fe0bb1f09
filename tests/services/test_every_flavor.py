"""A model of each flavor: rolled back to before its first learn, and its journal learned again."""

import json
import pickle
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from models_app.domain import predictions
from models_app.paradigms.base import FEATURES, Paradigm
from models_app.paradigms.registry import FLAVORS
from models_app.services import measuring, replaying, uploading
from models_app.services.rolling_back import roll_back
from models_app.services.verifying import verify_model
from models_app.wire import reading
from tests.paradigms.test_battery import inputs
from tests.servers.test_all_flavors import model
from tests.services.instances import Instance

N = 25


def ask(instance: Instance, record: dict[str, Any]) -> Any:
    read, _ = reading.record(json.dumps(record).encode(), None, time.time())
    if isinstance(read, Exception):
        raise read
    return instance._ask(read)


def members(paradigm: Paradigm, number: int) -> Any:
    asked: Any = inputs(paradigm, number)
    return asked if paradigm.takes else {FEATURES: asked}


def drive(instance: Instance, paradigm: Paradigm) -> None:
    """Let the model predict and learn by id; where no ids await a truth, from a truth alone."""
    for number in range(N):
        truth = paradigm.trial_truths[0](number)
        known = {} if truth is None else {"ground_truth": truth}
        has_ids = paradigm.keeps_recorded or not paradigm.records_predictions
        named = {"id": f"{number}"} if has_ids else {"model": "m"}
        ask(instance, {"op": "predict", "model": "m", "id": f"{number}", **members(paradigm, number)})
        ask(instance, {"op": "learn", **named, **known})
        if truth is None and paradigm.scores_late:
            late = json.loads(paradigm.example_truth)
            ask(instance, {"op": "learn", "id": f"{number}", "ground_truth": late})


def read(instance: Instance, paradigm: Paradigm) -> tuple[Any, Any]:
    """Return what the model predicts, if that leaves it as it is, and its metrics."""
    if paradigm.records_predictions and paradigm.records(None):
        answer = None
    else:
        answer = ask(instance, {"op": "predict", "model": "m", **members(paradigm, N)})[1]
    return predictions.to_json(answer), measuring.model_metrics(name="m")


@pytest.mark.parametrize("paradigm", FLAVORS.values(), ids=FLAVORS)
def test_is_the_same_again_after_a_rollback_and_a_replay(instance: Instance, paradigm: Paradigm) -> None:
    data = pickle.dumps(model(paradigm))
    uploading.upload_model(data=data, name="m", flavor=paradigm.name, now=timezone.now())
    fresh = read(instance, paradigm)
    drive(instance, paradigm)
    before = read(instance, paradigm)
    roll_back(name="m", seq=0, now=timezone.now())
    rolled_back = read(instance, paradigm)

    plan = replaying.begin_replay(name="m", generation=1, scores_answers=True)
    answered = list(plan.feed().answers(plan.records()))

    assert answered
    assert all(one.error is None for one in answered)
    assert before != rolled_back == fresh
    assert read(instance, paradigm) == before
    assert verify_model(name="m").is_equal


def test_are_listed_by_the_admin_side_by_side(instance: Instance, admin_client: Client) -> None:
    for flavor, paradigm in FLAVORS.items():
        data = pickle.dumps(model(paradigm))
        uploading.upload_model(data=data, name=f"of-{flavor}", flavor=flavor, now=timezone.now())

    listed = admin_client.get(reverse("admin:models_app_servedmodel_changelist")).content.decode()

    for flavor in FLAVORS:
        assert f"of-{flavor}<" in listed
        filtered = admin_client.get(reverse("admin:models_app_servedmodel_changelist"), {"flavor": flavor})
        assert filtered.status_code == 200
