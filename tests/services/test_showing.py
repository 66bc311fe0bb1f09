"""What is shown of features, as the setting and a model's own choice say."""

import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone
from river import linear_model

from models_app.domain.errors import InvalidRequest, ModelNotFound, ModelRaised
from models_app.models import AuditEntry, PendingPrediction
from models_app.services import hooks, least_certain, showing, uploading
from models_app.services.publishing import Event
from monitoring.streams.subscriber import event_json
from tests.own_models import Telltale
from tests.servers.waiting import wait_until
from tests.services.instances import Instance, instance

__all__ = ["instance"]


class Listener:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def wants_events(self) -> bool:
        return True

    def receive(self, events: Any) -> None:
        self.events += events

    def features(self, n: int) -> list[Any]:
        """Return those of the first events; the last is published after its answer."""
        wait_until(lambda: len(self.events) >= n)
        return [json.loads(event_json(event))["features"] for event in self.events]


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    hooks.events.add(listener)
    try:
        yield listener
    finally:
        hooks.events.listeners.remove(listener)


class TestKeepFeatures:
    def test_holds_from_the_next_request_on_of_a_model_in_memory(self, instance: Instance) -> None:
        instance.upload("model")
        instance.predict("0", "model", x=0.5)
        instance.learn("0", True)
        with listening() as listener:
            for number, way in enumerate(["none", "all", "none", None], start=1):
                showing.keep_features(name="model", way=way)
                if number % 2:
                    instance.predict(str(number), "model", x=0.5)
                    instance.learn(str(number), True)
                else:
                    # Nothing is written for it.
                    instance.predict(None, "model", x=0.5)  # type: ignore[arg-type]
            shown = [features["x"] for features in listener.features(6)]

        assert shown == [None, None, 0.5, None, None, 0.5]

    def test_stays_when_a_model_is_uploaded_again(self, instance: Instance) -> None:
        instance.upload("model")
        showing.keep_features(name="model", way="hashed")

        data = pickle.dumps(linear_model.LogisticRegression())
        uploading.upload_model(data=data, name="model", now=timezone.now())

        assert showing.get_shown(name="model") == showing.Shown("hashed", is_own=True)

    def test_is_written_down_with_what_held_before(self, instance: Instance) -> None:
        instance.upload("model")
        showing.keep_features(name="model", way="hashed")
        showing.keep_features(name="model", way=None)

        found = AuditEntry.objects.filter(action="keep_features", model="model").order_by("pk")
        assert [entry.details for entry in found] == [
            {"features_kept": "hashed", "before": None},
            {"features_kept": None, "before": "hashed"},
        ]

    def test_refuses_what_is_no_way_and_no_model(self, instance: Instance) -> None:
        instance.upload("model")
        with pytest.raises(InvalidRequest) as refused:
            showing.keep_features(name="model", way="some")
        with pytest.raises(ModelNotFound):
            showing.keep_features(name="other", way="none")

        assert refused.value.message == {"features_kept": ["must be one of 'all', 'hashed', 'none'"]}
        assert not AuditEntry.objects.filter(action="keep_features").exists()


class TestTheSetting:
    def test_holds_for_models_without_a_choice(self, instance: Instance, settings: Any) -> None:
        settings.FEATURES_KEPT = "hashed"
        for name in ("plain", "open"):
            instance.upload(name)
        showing.keep_features(name="open", way="all")
        with listening() as listener:
            for name in ("plain", "open"):
                instance.predict(name, name, x=0.5, y=0.5, z=1.5)
            hashed, shown = listener.features(2)

        assert hashed["x"] == hashed["y"] != hashed["z"]
        assert shown == {"x": 0.5, "y": 0.5, "z": 1.5}
        (row,) = least_certain.least_certain(model="plain", limit=10).rows
        assert json.loads(row.features) == hashed
        # What it learns from is kept.
        kept = PendingPrediction.objects.get(pk="plain").features
        assert json.loads(kept) == {"x": 0.5, "y": 0.5, "z": 1.5}

    def test_has_digests_of_this_instance_alone(self, settings: Any) -> None:
        settings.FEATURES_KEPT = "hashed"
        here = showing.shown_text(b'{"x": 1}', "")
        settings.SECRET_KEY = "another, which is as long as keys have to be"

        assert showing.shown_text(b'{"x": 1}', "") != here


class TestExceptions:
    @pytest.mark.parametrize(
        ("way", "said"),
        [
            ("all", """ValueError("cannot take {'fail': 'Ann'}")"""),
            ("none", "ValueError (its text is not shown)"),
        ],
    )
    def test_are_named_by_their_class_where_features_are_not_shown(
        self, instance: Instance, way: str, said: str
    ) -> None:
        instance.upload("model", Telltale(), flavor="regression")
        showing.keep_features(name="model", way=way)

        with pytest.raises(ModelRaised) as refused:
            instance.predict("1", "model", fail="Ann")

        assert refused.value.message == said
