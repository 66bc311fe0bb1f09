"""Classifiers that answer a label, without probabilities."""

import json
import time
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from river import metrics

from models_app.domain import learns
from models_app.domain.errors import InvalidGroundTruth, ModelRaised
from models_app.domain.fingerprints import fingerprint
from models_app.engine.commands import Command, Export, Inspect, LearnFeatures
from models_app.engine.engine import Engine
from models_app.engine.recovery import recover
from models_app.models import JournalSegment, PendingPrediction, ServedModel, Snapshot
from models_app.paradigms.multiclass import MULTICLASS
from models_app.services.configuring import set_flavor
from models_app.services.folding import get_instance_metrics
from models_app.services.rolling_back import roll_back
from tests.engine.conftest import MakeEngine, Upload, learn_by_id, predict, submit_all
from tests.engine.models import LastLabel
from tests.storages import OurStorage


def learn(truth: Any, name: str | None = None, **x: object) -> LearnFeatures:
    return LearnFeatures(name, json.dumps(x).encode(), x, truth, time.time())


@pytest.fixture
def by_label(storage: OurStorage, upload: Upload) -> None:
    """A model of the flavor multiclass that has `predict_one` only."""
    set_flavor(flavor="multiclass", now=timezone.now())
    upload(LastLabel())


@pytest.mark.usefixtures("by_label")
class TestLabels:
    @pytest.mark.parametrize(
        "truths", [["a", "1", "a", "a"], [1, 2, 1, 1], [True, False, True, True], [2.5, 1.0, 2.5, 2.5]]
    )
    def test_keep_their_type_from_the_prediction_to_the_metric(
        self, storage: OurStorage, make_engine: MakeEngine, truths: list[Any]
    ) -> None:
        engine = make_engine()
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
        self, storage: OurStorage, make_engine: MakeEngine
    ) -> None:
        engine = make_engine()

        for truth in ("a", "a", "b"):
            engine.call(learn(truth, a=1))
        vitals = engine.call(Inspect("model"))

        assert "CrossEntropy" not in vitals.metrics
        assert vitals.metrics["Accuracy"] == vitals.rolling()["Accuracy"] == 0.5

    def test_are_scored_again_from_the_journal(self, storage: OurStorage, make_engine: MakeEngine) -> None:
        engine = make_engine()
        for truth in ("a", "a", "3", "b", "b"):
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


def refusal(engine: Engine, command: Command) -> str:
    with pytest.raises(InvalidGroundTruth) as refused:
        engine.call(command)
    assert isinstance(refused.value.message, dict)
    ((reason,),) = refused.value.message.values()
    return str(reason)


@pytest.mark.usefixtures("by_label")
class TestMixedLabels:
    @pytest.mark.parametrize(
        ("learned", "came", "reason"),
        [
            (1, "1", "these are whole numbers, not strings"),
            ("true", True, "these are strings, not booleans"),
            (True, 1, "these are booleans, not whole numbers"),
            (1, 1.5, "these are whole numbers, not numbers with a decimal point"),
        ],
    )
    def test_are_refused_with_what_was_learned_and_change_nothing(
        self, make_engine: MakeEngine, learned: Any, came: Any, reason: str
    ) -> None:
        engine = make_engine()
        engine.call(predict(None, {"a": 1.0}, "p"))
        engine.call(learn(learned, a=1))
        before = engine.call(Export("model"))

        assert refusal(engine, learn(came, a=1)).endswith(reason)
        assert refusal(engine, learn_by_id("p", came)).endswith(reason)

        assert engine.call(Export("model")) == before
        # What was refused is still pending, and can be learned with the right one.
        assert engine.call(learn_by_id("p", learned)) == 2

    def test_are_refused_within_a_batch_in_their_places(self, make_engine: MakeEngine) -> None:
        commands = [learn(truth, a=1) for truth in ["a", 1, "b", "c", True, "d", "e", 2.5, "f", "g"]]

        outcomes = submit_all(make_engine(), commands)

        assert [type(outcome) for outcome in outcomes] == [
            InvalidGroundTruth if type(command.ground_truth) is not str else int for command in commands
        ]

    @pytest.mark.parametrize("is_clean", [True, False])
    def test_are_refused_after_a_restart(self, make_engine: MakeEngine, *, is_clean: bool) -> None:
        engine = make_engine()
        engine.call(learn("a", a=1))
        if is_clean:
            # It leaves a snapshot; else there is the journal.
            engine.stop(seconds=5.0)
            assert Snapshot.objects.count() == 2

        assert refusal(make_engine(), learn(1, a=1)).endswith("these are strings, not whole numbers")

    def test_of_an_older_journal_are_replayed(self, storage: OurStorage, make_engine: MakeEngine) -> None:
        make_engine().call(learn("a", a=1))
        # As it was written when such labels were taken.
        segment = JournalSegment.objects.get()
        (first,) = learns.decode(segment.learns)
        second = msgspec.structs.replace(first, ground_truth=1)
        segment.learns, segment.last_seq = learns.encode([first, second]), 2
        segment.save()
        ServedModel.objects.update(seq=2)

        engine = make_engine()

        assert engine.call(predict(None, {"a": 1.0})) == ("model", 1)
        assert refusal(engine, learn(2, a=1)).endswith("these are strings, not whole numbers")

    def test_are_new_after_a_rollback_to_before_the_first(self, make_engine: MakeEngine) -> None:
        engine = make_engine()
        engine.call(learn("a", a=1))

        roll_back(name="model", seq=0, now=timezone.now())

        assert engine.call(learn(1, a=1)) == 1

    def test_are_learned_of_a_binary_model_as_ever(self, make_engine: MakeEngine, upload: Upload) -> None:
        set_flavor(flavor="binary", now=timezone.now())
        upload(LastLabel(), "other")

        assert [make_engine().call(learn(truth, name="other", a=1)) for truth in (True, 1, 0.0)] == [1, 2, 3]


def test_another_method_is_kept_through_a_rollback(
    by_label: None, storage: OurStorage, make_engine: MakeEngine
) -> None:
    engine = make_engine()
    engine.call(learn("a", a=1))

    roll_back(name="model", seq=0, now=timezone.now())

    assert ServedModel.objects.get().predict_method == "predict_one"
    assert engine.call(predict(None, {"a": 1.0})) == ("model", None)
