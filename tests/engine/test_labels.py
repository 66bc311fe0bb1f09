"""Classifiers that answer a label, without probabilities."""

import json
import time
from typing import Any

import pytest
from django.utils import timezone
from river import metrics

from models_app.domain.errors import ModelRaised
from models_app.domain.fingerprints import fingerprint
from models_app.engine.commands import Inspect, LearnFeatures
from models_app.engine.recovery import recover
from models_app.models import JournalSegment, PendingPrediction, ServedModel
from models_app.models.storage.sqlite.storage import SqliteStorage
from models_app.paradigms.multiclass import MULTICLASS
from models_app.services.configuring import set_flavor
from models_app.services.folding import get_instance_metrics
from models_app.services.rolling_back import roll_back
from tests.engine.conftest import MakeEngine, Upload, learn_by_id, predict
from tests.engine.models import LastLabel


def learn(truth: Any, **x: object) -> LearnFeatures:
    return LearnFeatures(None, json.dumps(x).encode(), x, truth, time.time())


@pytest.fixture
def by_label(storage: SqliteStorage, upload: Upload) -> None:
    """A model of the flavor multiclass that has `predict_one` only."""
    set_flavor(flavor="multiclass", now=timezone.now())
    upload(LastLabel())


@pytest.mark.usefixtures("by_label")
class TestLabels:
    def test_keep_their_type_from_the_prediction_to_the_metric(
        self, storage: SqliteStorage, make_engine: MakeEngine
    ) -> None:
        engine = make_engine()
        truths = ["a", 1, "1", True, 2.5, "a", "a"]
        answers = []
        accuracy = metrics.Accuracy()

        for number, truth in enumerate(truths):
            _, answer = engine.call(predict(None, {"a": 1.0}, str(number)))
            stored = PendingPrediction.objects.get(prediction_id=str(number))
            engine.call(learn_by_id(str(number), truth))
            answers.append(answer)
            assert json.loads(stored.prediction) == answer
            assert type(json.loads(stored.prediction)) is type(answer)
            if answer is not None:
                accuracy.update(truth, answer)

        # Nothing is known before the first learn, and that is not scored.
        assert answers == [None, *truths[:-1]]
        assert list(map(type, answers[1:])) == list(map(type, truths[:-1]))
        vitals = engine.call(Inspect("model"))
        assert vitals.metrics["Accuracy"] == accuracy.get()
        assert len(vitals.window.pairs()) == len(truths) - 1

    def test_are_scored_without_what_needs_probabilities(
        self, storage: SqliteStorage, make_engine: MakeEngine
    ) -> None:
        engine = make_engine()

        for truth in ("a", "a", "b"):
            engine.call(learn(truth, a=1))
        vitals = engine.call(Inspect("model"))

        assert "CrossEntropy" not in vitals.metrics
        assert vitals.metrics["Accuracy"] == vitals.rolling()["Accuracy"] == 0.5

    def test_are_scored_again_from_the_journal(self, storage: SqliteStorage, make_engine: MakeEngine) -> None:
        engine = make_engine()
        for truth in ("a", "a", 3, "b", "b"):
            engine.call(learn(truth, a=1))

        state = storage.find_state("model")
        assert state is not None
        hot = recover(storage, state)

        live = engine.call(Inspect("model"))
        assert hot.vitals().metrics == live.metrics
        assert fingerprint(hot.model) == fingerprint(LastLabel("b"))
        assert JournalSegment.objects.count() == 5
        # Read from the journal: nothing of this engine has reported them.
        assert get_instance_metrics().values(MULTICLASS)["Accuracy"] == live.metrics["Accuracy"] == 0.5

    def test_are_refused_where_they_are_no_plain_values(self, make_engine: MakeEngine) -> None:
        engine = make_engine()
        engine.call(learn("a", a=1))

        with pytest.raises(ModelRaised, match="predicted the label"):
            engine.call(predict(None, {"strange": 1.0}))

        assert engine.call(predict(None, {"a": 1.0})) == ("model", "a")


def test_another_method_is_kept_through_a_rollback(
    by_label: None, storage: SqliteStorage, make_engine: MakeEngine
) -> None:
    engine = make_engine()
    engine.call(learn("a", a=1))

    roll_back(name="model", seq=0, now=timezone.now())

    assert ServedModel.objects.get().predict_method == "predict_one"
    assert engine.call(predict(None, {"a": 1.0})) == ("model", None)
