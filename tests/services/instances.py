"""An instance in this process: the services over the tests' database and the process's own engine."""

import asyncio
import pickle
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from river import linear_model, preprocessing

from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import Command
from models_app.engine.ports import ModelState
from models_app.services import configuring, folding, predicting, runtime, uploading
from models_app.wire.commands import learn_command, predict_command
from tests.storages import OurStorage


def logistic() -> Any:
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


class Instance:
    """Does what clients do, without HTTP."""

    def init(self, flavor: str) -> None:
        configuring.set_flavor(flavor=flavor, now=timezone.now())

    def upload(self, name: str, model: object | None = None, *, flavor: str | None = None) -> str:
        data = pickle.dumps(logistic() if model is None else model)
        return uploading.upload_model(data=data, name=name, flavor=flavor, now=timezone.now()).name

    def predict(self, prediction_id: str, model: str, *, at: float | None = None, **features: object) -> None:
        self._ask(
            predict_command(
                features_json=msgspec.json.encode(features or {"x": 1.0}),
                prediction_id=prediction_id,
                model=model,
                now=time.time() if at is None else at,
            )
        )

    def learn(self, prediction_id: str, ground_truth: GroundTruth, *, at: float | None = None) -> int:
        seq: int = self._ask(
            learn_command(
                ground_truth=ground_truth,
                prediction_id=prediction_id,
                features_json=None,
                model=None,
                now=time.time() if at is None else at,
            )
        )
        return seq

    def observe(self, model: str, ground_truth: GroundTruth) -> None:
        """Let a model learn from a ground truth alone."""
        self._ask(
            learn_command(
                ground_truth=ground_truth,
                prediction_id=None,
                features_json=None,
                model=model,
                now=time.time(),
            )
        )

    def learn_from(self, model: str, ground_truth: GroundTruth, **features: object) -> int:
        """Let a model learn from features that come along."""
        seq: int = self._ask(
            learn_command(
                ground_truth=ground_truth,
                prediction_id=None,
                features_json=msgspec.json.encode(features),
                model=model,
                now=time.time(),
            )
        )
        return seq

    def forecast(self, model: str, horizon: int) -> None:
        """Ask for a forecast under an id."""
        self.ask("forecast", model, horizon=horizon)

    def ask(self, prediction_id: str, model: str, *, at: float | None = None, **members: object) -> Any:
        """Ask with members of a flavor's own, and return the prediction."""
        command = predict_command(
            features_json=None,
            prediction_id=prediction_id,
            model=model,
            now=time.time() if at is None else at,
            members=members,
        )
        return self._ask(command)[1]

    def _ask(self, command: Command) -> Any:
        return asyncio.run(predicting.answer(command))

    def run(self, model: str, n: int) -> None:
        """Let a model predict and learn `n` times."""
        for i in range(n):
            self.predict(f"{model}-{i}", model, x=float(i % 7), z=float(i % 3))
            self.learn(f"{model}-{i}", i % 2 == 0)

    def state(self, name: str) -> ModelState:
        state = OurStorage().find_state(name)
        assert state is not None
        return state


@pytest.fixture
def instance(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """An instance for binary classification, without a model."""
    # The tests' database begins anew with the ids of segments that this process has seen already.
    monkeypatch.setattr(folding, "_instance", folding.InstanceMetrics())
    started = Instance()
    started.init("binary")
    yield started
    runtime.stop_engine(seconds=10)
