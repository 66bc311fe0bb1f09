"""Engines on a real database; a second engine on it stands for a second process."""

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from models_app.domain.scoring import Scores
from models_app.engine.commands import Command, LearnById, LearnFeatures, Predict
from models_app.engine.engine import Engine
from models_app.engine.engine_options import EngineOptions
from models_app.engine.ports import Event, Storage, Write
from models_app.services.configuring import set_flavor
from models_app.services.uploading import upload_model
from tests.storages import OurStorage


class Recorder:
    """A listener to commits that keeps what it hears."""

    def __init__(self, *, wants: bool = True) -> None:
        self.wants = wants
        self.scores: list[Scores] = []
        self.events: list[Event] = []

    def wants_events(self) -> bool:
        return self.wants

    def committed(
        self, write: Write, segment_id: int | None, scores: Sequence[Scores], events: Sequence[Event]
    ) -> None:
        self.scores.extend(scores)
        self.events.extend(events)


MakeEngine = Callable[..., Engine]
Upload = Callable[..., str]


@pytest.fixture
def storage(transactional_db: None) -> OurStorage:
    set_flavor(flavor="regression", now=timezone.now())
    return OurStorage()


@pytest.fixture
def make_engine(storage: OurStorage) -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make(listener: Recorder | None = None, *, through: Storage | None = None, **options: Any) -> Engine:
        chosen = EngineOptions(**{"threads": 3, **options})
        engine = Engine(
            through or storage, listener or Recorder(wants=False), chosen, leave_thread=connections.close_all
        )
        engine.start()
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.stop(seconds=5.0)


@pytest.fixture
def upload(storage: OurStorage) -> Upload:
    def put(model: object, name: str = "model") -> str:
        return upload_model(data=pickle.dumps(model), name=name, now=timezone.now()).name

    return put


def predict(name: str | None, x: dict[str, float], prediction_id: str | None = None) -> Predict:
    text = b"{" + b",".join(f'"{key}":{value!r}'.encode() for key, value in x.items()) + b"}"
    return Predict(name, text, dict(x), prediction_id, time.time())


def learn_by_id(prediction_id: str, ground_truth: Any, name: str | None = None) -> LearnById:
    return LearnById(name, prediction_id, ground_truth, time.time())


def learn(name: str | None, x: dict[str, float], ground_truth: Any) -> LearnFeatures:
    text = predict(name, x).text
    return LearnFeatures(name, text, dict(x), ground_truth, time.time())


def submit_all(engine: Engine, commands: Sequence[Command]) -> list[Any]:
    """Submit commands at once and return their results or errors, in their order."""
    futures = [command.answered_in_thread() for command in commands]
    for command in commands:
        engine.submit(command)
    return [future.exception(timeout=30) or future.result() for future in futures]
