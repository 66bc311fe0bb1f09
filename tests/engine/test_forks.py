"""A model may fork; the child comes out of the model's code, and ends there."""

import os
import signal
import time
from typing import Any

import pytest

from models_app.domain.errors import ModelRaised
from models_app.engine import forks
from models_app.engine.commands import Describe, Evict, Export, Inspect, Load, TakeSnapshot
from models_app.engine.snapshots import SnapshotPolicy
from models_app.models import JournalSegment, PendingPrediction, Snapshot
from tests.engine.conftest import MakeEngine, Upload, learn, predict
from tests.engine.models import Counting, Features

# From Python 3.12 on a process with threads is warned when it forks: that is what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*is multi-threaded:DeprecationWarning")

#: How the children ended: their exit codes.
ended: list[int] = []


def fork() -> bool:
    """Fork and wait for the child; say whether this is the child."""
    child = os.fork()
    if child == 0:
        return True
    deadline = time.monotonic() + 20
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            ended.append(os.waitstatus_to_exitcode(status))
            return False
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


class Forking(Counting):
    """Forks where it is asked to, and may raise in the child."""

    def __init__(self, where: str, *, raises: bool) -> None:
        super().__init__()
        self.where = where
        self.raises = raises

    def fork(self, where: str) -> None:
        if where == self.where and fork() and self.raises:
            raise ValueError("the child")

    def predict_one(self, x: Features) -> float:
        self.fork("predict_one")
        return super().predict_one(x)

    def learn_one(self, x: Features, y: float) -> None:
        self.fork("learn_one")
        super().learn_one(x, y)

    def _repr_html_(self) -> str:
        self.fork("_repr_html_")
        return "<b>forking</b>"

    def __getstate__(self) -> Any:
        if self.truths:
            self.fork("__getstate__")
        return self.__dict__

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        if self.truths:
            self.fork("__setstate__")


@pytest.fixture(autouse=True)
def _nobody_ended() -> None:
    ended.clear()


class TestChild:
    @pytest.mark.parametrize("raises", [False, True])
    @pytest.mark.parametrize(
        ("where", "asked"),
        [
            ("predict_one", lambda: predict("model", {}, "1")),
            ("learn_one", lambda: learn("model", {}, 2.0)),
            ("_repr_html_", lambda: Describe("model")),
            ("__getstate__", lambda: Export("model")),
            ("__getstate__", lambda: TakeSnapshot("model")),
        ],
    )
    def test_ends_without_a_trace(
        self, make_engine: MakeEngine, upload: Upload, where: str, asked: Any, raises: bool
    ) -> None:
        engine = make_engine(threads=1)
        upload(Forking("nowhere", raises=raises))
        engine.call(learn("model", {}, 1.0))
        hot = engine._queues["model"].hot
        assert hot is not None
        hot.model.where = where

        engine.call(asked(), seconds=30)

        assert set(ended) == {1}
        hot.model.where = "nowhere"
        seq = engine.call(Inspect("model")).seq
        assert (
            sum(segment.last_seq - segment.first_seq + 1 for segment in JournalSegment.objects.all()) == seq
        )
        assert PendingPrediction.objects.count() <= 1

    @pytest.mark.parametrize("raises", [False, True])
    @pytest.mark.parametrize("where", ["__setstate__", "learn_one"])
    def test_ends_while_the_model_is_rebuilt(
        self, make_engine: MakeEngine, upload: Upload, where: str, raises: bool
    ) -> None:
        upload(Forking(where, raises=raises))
        # Forks are slow: a snapshot would be due, and nothing replayed.
        never = SnapshotPolicy(min_seconds=3600.0)
        engine = make_engine(threads=1, snapshots=never)
        for _ in range(2):
            engine.call(learn("model", {}, 1.0), seconds=30)
        if where == "__setstate__":
            engine.call(Evict("model"), seconds=30)
        else:
            engine = make_engine(threads=1, snapshots=never)
        ended.clear()
        n_snapshots = Snapshot.objects.count()

        engine.call(Load("model"), seconds=30)

        assert ended
        assert set(ended) == {1}
        assert engine.call(Inspect("model")).seq == 2
        assert Snapshot.objects.count() == n_snapshots

    def test_that_another_process_forks_may_have_an_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(forks, "_owner", None)
        forks.end_in_child()
        forks.own()
        forks.end_in_child()

        monkeypatch.setattr(forks, "_owner", 1)
        monkeypatch.setattr(os, "_exit", fail)
        with pytest.raises(ModelRaised, match="1"):
            forks.end_in_child()


def fail(code: int) -> None:
    raise ModelRaised(ValueError(code))
