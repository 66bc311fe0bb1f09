"""Two processes that write to one model take turns."""

import threading
import time

import pytest

from models_app.domain.errors import ModelRaised
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Inspect
from models_app.engine.engine import Engine
from models_app.engine.queues import ModelQueue
from models_app.engine.snapshots import SnapshotPolicy
from models_app.models import JournalSegment
from tests.engine.conftest import MakeEngine, Upload, learn, predict
from tests.engine.models import Counting, Fragile, linear_regression
from tests.storages import OurStorage


class Turns(OurStorage):
    """Notes turns; `is_free`: nobody else has one."""

    def __init__(self, *, is_free: bool = True) -> None:
        self.is_free = is_free
        self.noted: list[str] = []
        self.patience: list[float] = []

    def enter_turn(self, name: str, seconds: float) -> bool:
        self.noted.append("enter")
        self.patience.append(seconds)
        return self.is_free

    def leave_turn(self, name: str) -> None:
        self.noted.append("leave")


def overtake(engine: Engine, other: Engine) -> None:
    """Have an engine compute a batch in vain."""
    engine.call(Inspect("model"))
    other.call(learn("model", {}, 1.0))
    engine.call(learn("model", {}, 1.0))


class TestTurn:
    def test_is_asked_for_once_a_batch_was_in_vain(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        turns = Turns()
        engine, other = make_engine(through=turns), make_engine()
        engine.call(learn("model", {}, 1.0))
        assert turns.noted == []

        overtake(engine, other)
        assert turns.noted == ["enter", "leave"]
        assert engine.call(predict("model", {}))[0] == "model"

        assert turns.noted == ["enter", "leave"] * 2

    def test_ends_with_a_batch_that_is_refused_whole(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Fragile())
        turns = Turns()
        engine, other = make_engine(through=turns), make_engine()
        overtake(engine, other)

        with pytest.raises(ModelRaised):
            engine.call(learn("model", {"bad": 1.0}, 1.0))

        assert turns.noted == ["enter", "leave"] * 2
        assert not engine._queues["model"].has_turn

    def test_is_not_waited_for_where_another_process_does_not_come_back(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        turns = Turns(is_free=False)
        engine, other = make_engine(through=turns), make_engine()

        overtake(engine, other)
        assert engine.call(learn("model", {}, 1.0)) == 3

        assert turns.noted == ["enter"]

    def test_is_asked_for_no_more_when_nobody_else_writes(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.engine.contention._CONTENDED_SECONDS", 0.0)
        upload(Counting())
        turns = Turns()
        engine, other = make_engine(through=turns), make_engine()

        overtake(engine, other)

        assert turns.noted == []

    def test_ends_though_the_batch_fails(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting())
        turns = Turns()
        engine, other = make_engine(through=turns), make_engine()
        overtake(engine, other)
        with monkeypatch.context() as patched:
            patched.setattr("models_app.engine.turns.Turns._note", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                engine.call(learn("model", {}, 1.0))
            with pytest.raises(ZeroDivisionError):
                engine.call(learn("model", {}, 1.0))

        assert turns.noted.count("enter") == turns.noted.count("leave")


class TestStream:
    def test_asks_for_turns_before_it_has_lost_any(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        turns = Turns()
        engine = make_engine(through=turns)

        submit(engine, 64)

        assert turns.noted == ["enter", "leave"]

    def test_of_few_records_asks_for_none(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        turns = Turns()
        engine = make_engine(through=turns)

        submit(engine, 8)

        assert turns.noted == []

    def test_waits_for_who_has_the_turn(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        turns = Turns(is_free=False)
        engine = make_engine(through=turns)

        submit(engine, 64)

        # It may take several turns, each of which asks once more.
        assert set(turns.noted) == {"enter"}
        assert turns.patience[0] == 0.0 < min(turns.patience[1:])


class TestLengthOfATurn:
    @pytest.mark.parametrize(
        ("waited", "n_conflicts", "expected"),
        [(0.0, 0, 0.0006), (0.0, 1, 0.0003), (0.008, 0, 0.002), (0.008, 2, 0.0005), (9.0, 0, 0.005)],
    )
    def test_grows_with_the_wait_for_it(
        self, make_engine: MakeEngine, waited: float, n_conflicts: int, expected: float
    ) -> None:
        queue = ModelQueue("model")
        queue.contended_until, queue.waited_seconds, queue.n_conflicts = 1.0, waited, n_conflicts

        seconds = make_engine(turn_seconds=0.02)._turns.contention.seconds_for(
            queue, [learn("model", {}, 1.0)]
        )

        assert seconds == pytest.approx(expected)

    def test_counts_from_the_end_of_the_last(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        engine, other = make_engine(through=Turns()), make_engine()

        overtake(engine, other)
        queue = engine._queues["model"]
        left_at = queue.left_at
        assert queue.waited_seconds == 0.0 < left_at
        engine.call(predict("model", {}, "an id"))

        assert 0.0 < queue.waited_seconds < time.perf_counter() - left_at


class TestTwoProcesses:
    def test_both_come_along(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        feeding, serving = make_engine(), make_engine()
        ends = threading.Event()
        learned: list[int] = []

        def serve() -> None:
            while not ends.is_set():
                learned.append(serving.call(learn("model", {}, 0.0), seconds=60))

        client = threading.Thread(target=serve)
        client.start()
        commands: list[Command] = [learn("model", {}, 1.0) for _ in range(2_000)]
        answered = Bundle(commands).answered_in_thread()
        feeding.submit_many(commands)
        outcomes = answered.result(timeout=120)
        ends.set()
        client.join(timeout=60)

        assert sorted([*outcomes, *learned]) == list(range(1, 2_001 + len(learned)))
        assert feeding.call(Inspect("model")).seq == 2_000 + len(learned)

    def test_replay_what_the_other_has_learned_rather_than_all(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(linear_regression())
        policy = SnapshotPolicy(min_seconds=3600.0)
        engine, other = (make_engine(snapshots=policy) for _ in range(2))
        submit(engine, 1_500)
        hot = engine._queues["model"].hot
        assert hot is not None

        submit(other, 1_200)
        engine.call(Inspect("model"))

        assert engine._queues["model"].hot is hot
        assert JournalSegment.objects.order_by("-last_seq").values_list("last_seq", flat=True)[0] == 2_700

    def test_begin_with_a_snapshot_that_the_other_may_have_left(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(linear_regression())
        engine, other = make_engine(snapshots=SnapshotPolicy(min_seconds=0.0)), make_engine()
        submit(engine, 2)
        hot = engine._queues["model"].hot

        submit(other, 1_200)
        engine.call(Inspect("model"))

        assert engine._queues["model"].hot is not hot


def submit(engine: Engine, n: int) -> None:
    commands: list[Command] = [learn("model", {}, 1.0) for _ in range(n)]
    answered = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    answered.result(timeout=60)
    # Its turn is over.
    engine.call(Inspect("model"))
    time.sleep(0.05)
