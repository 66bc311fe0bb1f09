"""Ground truths that are true or false, for a regression: numbers to the model, kept as they were sent."""

import asyncio
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from river import linear_model, preprocessing

from models_app.api.records import Submission
from models_app.engine.engine import Engine
from models_app.services import measuring, runtime
from tests.services.instances import Instance
from tests.storages import OurStorage


class Numbers:
    """Predicts the last ground truth, and fails at everything that is no plain number."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def predict_one(self, x: dict[str, Any]) -> float:
        return self.seen[-1] if self.seen else 0.5

    def learn_one(self, x: dict[str, Any], y: float) -> None:
        if type(y) not in {int, float}:
            raise TypeError(f"{y!r} is no number")
        self.seen.append(y)


@pytest.fixture
def regression(instance: Instance) -> Instance:
    instance.init("regression")
    instance.upload("m", Numbers())
    return instance


def send(*records: dict[str, Any]) -> list[Any]:
    async def run() -> list[Any]:
        answers = await Submission([json.dumps(record).encode() for record in records]).answers()
        return [json.loads(answer) for answer in answers]

    return asyncio.run(run())


def kept() -> list[object]:
    """Return the ground truths of the journal."""
    state = OurStorage().find_state("m")
    assert state is not None
    segments = OurStorage().segments(state, after_seq=0)
    return [learn.ground_truth for segment in segments for learn in segment.learns]


def learned() -> list[float]:
    model = pickle.loads(runtime.get_engine().call(_export()))  # of this test
    seen: list[float] = model.seen
    return seen


def _export() -> Any:
    from models_app.engine.commands import Export

    return Export("m")


X = {"x": 1.0}


class TestBooleanTruths:
    def test_are_learned_and_scored_as_numbers_and_kept_as_sent(self, regression: Instance) -> None:
        answers = send(
            {"features": X, "id": 1},
            {"id": 1, "ground_truth": True},
            {"features": X, "ground_truth": False},
            {"features": X, "ground_truth": 2.5},
        )

        assert [answer.get("error") for answer in answers] == [None] * 4
        assert kept() == [True, False, 2.5]
        assert [type(truth) for truth in kept()] == [bool, bool, float]
        assert learned() == [1, 0, 2.5]
        # 0.5 and 1; 1 and 0; 0 and 2.5.
        assert measuring.model_metrics(name="m")["MAE"] == pytest.approx((0.5 + 1 + 2.5) / 3)

    def test_are_the_same_after_a_crash(self, regression: Instance) -> None:
        send({"features": X, "ground_truth": True}, {"features": X, "ground_truth": False})
        # No snapshot after them: it is all in the journal.
        engine = runtime.get_engine()
        assert isinstance(engine, Engine)
        engine._queues["m"].forget()

        assert learned() == [1, 0]
        assert [type(y) for y in learned()] == [int, int]

    def test_are_learned_from_files(self, regression: Instance, tmp_path: Path) -> None:
        csv, ndjson = tmp_path / "a.csv", tmp_path / "b.ndjson"
        csv.write_text("x,y\n1,true\n2,False\n")
        ndjson.write_text('{"x": 3, "y": true}\n')

        call_command("learn", str(csv), "--model", "m", "--target", "y")
        call_command("learn", str(ndjson), "--model", "m", "--target", "y")

        assert learned() == [1, 0, 1]
        assert kept() == [True, False, True]

    def test_leave_a_model_of_river_as_numbers_do(self, instance: Instance) -> None:
        instance.init("regression")
        model = preprocessing.StandardScaler() | linear_model.LinearRegression()
        instance.upload("m", model)
        send(*({"features": {"x": i}, "ground_truth": i % 2 == 0} for i in range(20)))

        alone = model.clone()
        for i in range(20):
            alone.learn_one({"x": i}, int(i % 2 == 0))
        (answer,) = send({"features": {"x": 3}})
        assert answer["prediction"] == alone.predict_one({"x": 3})
