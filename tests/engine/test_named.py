"""A ground truth by id for another model than the one that predicted: it learns from the same features."""

from typing import Any

import pytest

from models_app.domain.errors import InvalidGroundTruth, ModelNotFound, ModelRaised, PredictionNotPending
from models_app.domain.learns import Learn, decode
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Export, Inspect
from models_app.engine.engine import Engine
from models_app.models import JournalSegment, PendingPrediction
from models_app.services.uploading import delete_model
from tests.engine.conftest import MakeEngine, Upload, learn, learn_by_id, predict
from tests.engine.models import Counting, Fragile, Greedy


@pytest.fixture
def engine(make_engine: MakeEngine, upload: Upload) -> Engine:
    upload(Counting(), "first")
    upload(Fragile(), "second")
    upload(Counting(), "default")
    engine = make_engine()
    engine.call(learn("second", {"x": 0.0}, 7.0))
    return engine


def seqs(engine: Engine) -> list[int]:
    return [engine.call(Inspect(name)).seq for name in ("first", "second", "default")]


def records(name: str) -> list[Learn]:
    segments = JournalSegment.objects.filter(model__name=name).order_by("first_seq")
    return [learned for segment in segments for learned in decode(segment.learns)]


def is_pending() -> bool:
    return PendingPrediction.objects.exists()


def submit(engine: Engine, commands: list[Command]) -> list[Any]:
    answered = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    return answered.result(timeout=30)


class TestNamedModel:
    def test_learns_from_the_features_of_the_id(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))

        assert engine.call(learn_by_id("1", 5.0, "second")) == 2

        assert seqs(engine) == [0, 2, 0]
        assert not is_pending()
        record = records("second")[-1]
        assert (record.prediction_id, record.x(), record.y_true()) == ("1", {"x": 3.0}, 5.0)
        assert record.predicted_at is None

    def test_is_scored_by_what_it_predicts_now(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))
        engine.call(learn("first", {}, 0.0))

        engine.call(learn_by_id("1", 5.0, "second"))

        # It had learned once, and predicts that; the other one had predicted 0.
        assert records("second")[-1].y_pred() == 1.0
        assert engine.call(Inspect("second")).metrics["MAE"] == ((7 - 0) + (5 - 1)) / 2

    def test_that_predicted_it_is_scored_by_what_it_answered(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))
        engine.call(learn("first", {}, 0.0))

        engine.call(learn_by_id("1", 5.0, "first"))

        assert records("first")[-1].y_pred() == 0.0
        assert records("first")[-1].predicted_at is not None
        assert seqs(engine) == [2, 1, 0]

    def test_is_found_by_a_process_that_predicted_nothing(
        self, engine: Engine, make_engine: MakeEngine
    ) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))

        assert make_engine().call(learn_by_id("1", 5.0, "second")) == 2

    def test_may_write_to_the_features(self, engine: Engine, upload: Upload) -> None:
        upload(Greedy(), "greedy")
        engine.call(predict("first", {"x": 3.0}, "1"))

        assert engine.call(learn_by_id("1", 5.0, "greedy")) == 1

        assert records("greedy")[-1].x() == {"x": 3.0}

    def test_learns_it_once(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))
        engine.call(learn_by_id("1", 5.0, "second"))

        for name in ("second", "first", None, "nobody"):
            with pytest.raises(PredictionNotPending):
                engine.call(learn_by_id("1", 5.0, name))

        assert seqs(engine) == [0, 2, 0]

    def test_and_the_one_that_predicted_share_no_truth(self, engine: Engine) -> None:
        for number in range(50):
            engine.call(predict("first", {"x": 3.0}, str(number)))

        outcomes = submit(
            engine,
            [learn_by_id(str(number), 5.0, name) for number in range(50) for name in (None, "second")],
        )

        learned = [outcome for outcome in outcomes if isinstance(outcome, int)]
        assert len(learned) == 50
        first, second, _ = seqs(engine)
        assert first + second == 50 + 1
        assert not is_pending()

    @pytest.mark.parametrize("predicts_first", [True, False])
    def test_that_does_not_exist_leaves_it_pending(
        self, engine: Engine, make_engine: MakeEngine, predicts_first: bool
    ) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))
        asked = engine if predicts_first else make_engine()

        with pytest.raises(ModelNotFound, match="No model named 'nobody'"):
            asked.call(learn_by_id("1", 5.0, "nobody"), seconds=30)

        assert is_pending()
        assert engine.call(learn_by_id("1", 5.0)) == 1

    def test_that_was_deleted_leaves_it_pending(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))
        delete_model(name="second")

        with pytest.raises(ModelNotFound):
            engine.call(learn_by_id("1", 5.0, "second"), seconds=30)

        assert engine.call(learn_by_id("1", 5.0)) == 1

    def test_that_raises_leaves_it_pending(self, engine: Engine) -> None:
        engine.call(predict("first", {"bad": 1.0}, "1"))
        engine.call(predict("first", {"bad_predict": 1.0}, "2"))

        for prediction_id in "12":
            with pytest.raises(ModelRaised):
                engine.call(learn_by_id(prediction_id, 5.0, "second"))

        assert engine.call(Export("second"))
        assert seqs(engine) == [0, 1, 0]
        assert PendingPrediction.objects.count() == 2

    def test_refuses_a_ground_truth_that_it_cannot_take(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))

        with pytest.raises(InvalidGroundTruth):
            engine.call(learn_by_id("1", "text", "second"))

        assert is_pending()

    def test_learns_what_was_predicted_just_before_in_the_same_stream(self, engine: Engine) -> None:
        commands: list[Command] = []
        for number in range(30):
            commands.append(predict("first", {"x": float(number)}, str(number)))
            commands.append(learn_by_id(str(number), float(number), "second"))

        outcomes = submit(engine, commands)

        assert outcomes[1::2] == list(range(2, 32))
        assert [record.x() for record in records("second")[1:]] == [{"x": float(n)} for n in range(30)]
        assert not is_pending()

    def test_learns_what_was_predicted_last_under_the_id(self, engine: Engine) -> None:
        engine.call(predict("first", {"x": 1.0}, "1"))

        submit(engine, [predict("first", {"x": 2.0}, "1"), learn_by_id("1", 5.0, "second")])

        assert records("second")[-1].x() == {"x": 2.0}
        assert not is_pending()

    def test_may_have_predicted_the_id_before_another_did(self, engine: Engine) -> None:
        engine.call(predict("second", {"x": 1.0}, "1"))
        engine.call(predict("first", {"x": 2.0}, "1"))

        assert engine.call(learn_by_id("1", 5.0, "second")) == 2

        assert records("second")[-1].x() == {"x": 2.0}
        assert not is_pending()

    def test_is_rebuilt_from_the_journal(self, engine: Engine, make_engine: MakeEngine) -> None:
        engine.call(predict("first", {"x": 3.0}, "1"))
        engine.call(learn_by_id("1", 5.0, "second"))

        rebuilt = make_engine()

        assert rebuilt.call(Export("second")) == engine.call(Export("second"))
        assert rebuilt.call(Inspect("second")).metrics == engine.call(Inspect("second")).metrics
