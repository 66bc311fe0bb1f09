"""Batches whose learns are scored and written down all at once: nobody can tell."""

import pickle
from typing import Any

import pytest
from river import dummy, linear_model, preprocessing, stats

from models_app.domain.errors import ModelRaised
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Export, Inspect
from models_app.engine.engine import Engine
from models_app.engine.ports import Learned
from models_app.engine.recovery import recover
from tests.engine.conftest import MakeEngine, Recorder, Upload, learn, learn_by_id, predict
from tests.storages import OurStorage

N = 40
# Its square is too large for a float: RMSE raises.
TOO_LARGE = 1e200


def in_one_batch(engine: Engine, *commands: Command) -> list[Any]:
    answered = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    return answered.result(timeout=30)


def linear() -> Any:
    return preprocessing.StandardScaler() | linear_model.LinearRegression()


def largest() -> Any:
    return dummy.StatisticRegressor(stats.Max())


def truth(number: int) -> float:
    return float(number * 37 % 11)


class TestLateLearns:
    @pytest.mark.parametrize("model", [linear, largest])
    def test_are_what_learns_one_by_one_are(
        self, make_engine: MakeEngine, upload: Upload, model: Any
    ) -> None:
        for name in ("together", "alone"):
            upload(model(), name)
        engine = make_engine()

        in_one_batch(engine, *[learn("together", {"a": float(k)}, truth(k)) for k in range(N)])
        for k in range(N):
            engine.call(learn("alone", {"a": float(k)}, truth(k)))

        together, alone = (engine.call(Inspect(name)) for name in ("together", "alone"))
        assert together.metrics == alone.metrics
        assert together.rolling() == alone.rolling()
        assert pickle.loads(engine.call(Export("together"))).predict_one({"a": 1.0}) == pickle.loads(
            engine.call(Export("alone"))
        ).predict_one({"a": 1.0})

    def test_are_in_the_journal_in_order_with_those_by_id(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(linear())
        engine = make_engine()
        engine.call(predict("model", {"a": 1.0}, "p"))

        commands = [learn("model", {"a": float(k)}, truth(k)) for k in range(N)]
        in_one_batch(engine, *commands[:20], learn_by_id("p", 7.0), *commands[20:])

        state = storage.find_state("model")
        assert state is not None
        learns = [learn for segment in storage.segments(state, after_seq=0) for learn in segment.learns]
        expected = [truth(k) for k in range(20)] + [7.0] + [truth(k) for k in range(20, N)]
        assert [learn.ground_truth for learn in learns] == expected
        assert [learn.x() for learn in learns][21:23] == [{"a": 20.0}, {"a": 21.0}]
        assert recover(storage, state).metrics[0].get() == engine.call(Inspect("model")).metrics["MAE"]

    @pytest.mark.parametrize("place", [0, 17, N - 1])
    def test_refuse_the_one_that_cannot_be_scored_and_no_other(
        self, make_engine: MakeEngine, upload: Upload, place: int
    ) -> None:
        upload(linear())
        recorder = Recorder()
        engine = make_engine(recorder)
        engine.call(Inspect("model"))
        truths = [TOO_LARGE if k == place else truth(k) for k in range(N)]

        outcomes = in_one_batch(engine, *[learn("model", {"a": float(k)}, truths[k]) for k in range(N)])

        assert isinstance(outcomes.pop(place), ModelRaised)
        assert outcomes == list(range(1, N))
        assert [event.ground_truth for event in recorder.events if isinstance(event, Learned)] == [
            y_true for y_true in truths if y_true != TOO_LARGE
        ]

    def test_are_one_by_one_from_then_on(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(linear())
        engine = make_engine()

        for _ in range(3):
            outcomes = in_one_batch(
                engine, *[learn("model", {}, TOO_LARGE if k == 5 else 1.0) for k in range(20)]
            )
            assert isinstance(outcomes[5], ModelRaised)

        assert engine._queues["model"].is_careful
        assert engine.call(Inspect("model")).seq == 57
