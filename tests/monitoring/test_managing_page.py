"""What pages offer to who may manage, and to nobody else; what an upload is answered in detail."""

import pickle

import pytest
from django.test import Client
from django.utils import timezone

from access.principals import Principal
from models_app.services import rolling_back, snapshotting
from models_app.services.finding import find
from monitoring.pages.managing import managing_context
from tests.own_models import Plain
from tests.services.instances import Instance, instance, logistic
from web.access import current_principal

__all__ = ["instance"]

MANAGE, UPLOAD = 'id="manage"', 'id="upload"'


@pytest.fixture
def model(instance: Instance) -> str:
    """A model that has learned 12 times, with a snapshot at learn 5."""
    instance.init("binary")
    instance.upload("model")
    instance.run("model", 5)
    snapshotting.take_snapshot(name="model")
    instance.run("model", 7)
    return "model"


@pytest.mark.parametrize(
    ("scopes", "models", "offered"),
    [
        (["read"], [], (False, False)),
        (["read", "manage"], ["another"], (False, True)),
        (["read", "manage"], ["model"], (True, True)),
        (["read", "manage"], [], (True, True)),
    ],
)
def test_is_offered_to_who_may(
    client: Client, model: str, scopes: list[str], models: list[str], offered: tuple[bool, bool]
) -> None:
    token = current_principal.set(Principal("somebody", scopes=scopes, patterns=models))
    try:
        pages = [client.get(address).content.decode() for address in (f"/models/{model}/", "/")]
    finally:
        current_principal.reset(token)

    assert (MANAGE in pages[0], UPLOAD in pages[1]) == offered
    assert ("managing.js" in pages[0], "uploading.js" in pages[1]) == offered
    assert 'href="/models/model/records/"' in pages[0]


def test_says_what_a_way_back_changes(model: str) -> None:
    ways = managing_context(find(model), {"LogLoss": 0.5})["ways"]

    assert [(way.generation, way.seq, way.n_undone) for way in ways] == [(1, 5, 7), (1, 0, 12)]
    assert ("LogLoss", 0.5) in [(name, now) for name, _, now in ways[0].metrics]
    rolling_back.roll_back(name=model, seq=5, now=timezone.now())
    ways = managing_context(find(model), {})["ways"]
    assert [(way.generation, way.seq, way.n_undone) for way in ways] == [
        (2, 5, 0),
        (1, 5, None),
        (1, 0, None),
    ]
    assert ways[1].body == '{"seq":5,"generation":1}'


class TestDetailsOfAnUpload:
    def test_say_what_it_is(self, client: Client, instance: Instance) -> None:
        data = pickle.dumps(logistic())

        answer = client.post("/api/model/new?flavor=auto&details=true", data, "application/octet-stream")

        assert answer.json() == {
            "name": "new",
            "flavor": "binary",
            "size_bytes": len(data),
            "classes": ["preprocessing.StandardScaler", "linear_model.LogisticRegression"],
            "remarks": [],
        }

    def test_name_no_classes_that_are_not_known(self, client: Client, instance: Instance) -> None:
        answer = client.post(
            "/api/model/own?flavor=binary&details=true", pickle.dumps(Plain()), "application/octet-stream"
        )

        assert answer.json()["classes"] == []
        assert answer.json()["flavor"] == "binary"
