"""The edges of recovery, batches, snapshots and routing."""

import pickle
from typing import Any

import pytest

from models_app.domain.errors import ModelRaised, PredictionNotPending, StorageUnavailable
from models_app.engine.batches import Batch
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Export, Inspect, TakeDueSnapshot, TakeSnapshot
from models_app.engine.engine import Engine
from models_app.engine.memory import HotSet, MemoryLimits
from models_app.engine.ports import ModelState, Note, SnapshotData
from models_app.engine.queues import ModelQueue
from models_app.engine.recovery import recover
from models_app.engine.routing import Directory, Found
from models_app.engine.snapshots import SnapshotPolicy
from models_app.models import Snapshot
from models_app.models.packing import Packed
from models_app.models.signing import save_snapshot
from tests.engine.conftest import MakeEngine, Recorder, Upload, learn, learn_by_id, predict
from tests.engine.models import Counting, Fragile, Greedy
from tests.storages import OurStorage

EAGER = SnapshotPolicy(cost_ratio=0.0, min_seconds=0.0)


def in_one_batch(engine: Engine, *commands: Command) -> list[Any]:
    answered = Bundle(commands).answered_in_thread()
    engine.submit_many(commands)
    return answered.result(timeout=30)


class TestRecovery:
    def test_reports_no_score_again(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        in_one_batch(make_engine(), *[learn("model", {}, 1.0) for _ in range(3)])
        recorder = Recorder()
        engine = make_engine(recorder)

        engine.call(learn("model", {}, 1.0))
        engine.call(Inspect("model"))

        assert sum(scores.n for scores in recorder.scores) == 1

    def test_goes_back_to_an_older_snapshot_where_the_newest_does_not_unpickle(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        engine = make_engine()
        in_one_batch(engine, *[learn("model", {}, float(number)) for number in range(4)])
        state = storage.find_state("model")
        assert state is not None
        # Signed as it should be, and no pickle.
        data = SnapshotData(seq=4, model=b"no pickle", metrics=pickle.dumps(None))
        save_snapshot(state, Packed(data, "model"))

        hot = recover(storage, state)

        assert (hot.seq, hot.snapshot_seq) == (4, 0)
        assert hot.model.truths == [0.0, 1.0, 2.0, 3.0]


class TestBatch:
    def test_looks_up_an_id_that_is_forgotten_though_another_is_remembered(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        engine = make_engine()
        for prediction_id in "12":
            engine.call(predict("model", {}, prediction_id))
        assert engine._turns.recent.take(["1"])

        assert in_one_batch(engine, learn_by_id("1", 1.0), learn_by_id("2", 2.0)) == [1, 2]

    def test_does_not_go_on_with_a_model_that_failed_halfway(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Fragile())
        engine = make_engine(turn_seconds=60.0)
        engine.call(Inspect("model"))

        outcomes = in_one_batch(
            engine, learn("model", {}, 1.0), learn("model", {"bad": 1.0}, 2.0), predict("model", {})
        )

        assert outcomes[0] == 1
        assert isinstance(outcomes[1], ModelRaised)
        # Not what it counted when it failed.
        assert outcomes[2] == ("model", 1.0)

    def test_does_not_go_on_after_an_error_that_nobody_foresaw(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload(Counting())
        engine = make_engine(turn_seconds=60.0)
        engine.call(Inspect("model"))
        # Twice: a batch that is refused whole is checked against the database, and done again.
        record, failing = Batch.record, [True, True]

        def fail_at_first(*args: Any) -> None:
            if failing:
                failing.pop()
                raise KeyError("after the learn")
            record(*args)

        monkeypatch.setattr(Batch, "record", fail_at_first)
        outcomes = in_one_batch(engine, learn("model", {}, 1.0), predict("model", {}))

        assert isinstance(outcomes[0], KeyError)
        assert outcomes[1] == ("model", 0.0)
        assert engine.call(learn("model", {}, 2.0)) == 1

    def test_hands_nested_features_to_the_model_anew_each_time(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Nested())
        engine = make_engine()
        command = learn("model", {}, 1.0)
        command.text, command.x = b'{"parts":[1,2]}', {"parts": [1, 2]}

        assert engine.call(command) == 1

        assert pickle.loads(engine.call(Export("model"))).seen == [[1, 2]]


class Nested(Greedy):
    """Writes to what is nested in its features when it predicts."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def predict_one(self, x: Any) -> float:
        x["parts"].clear()
        return 0.0

    def learn_one(self, x: Any, y: float) -> None:
        self.seen.append(list(x["parts"]))


class Refusing(OurStorage):
    """Refuses to keep one snapshot."""

    refuses = True

    def save_snapshot(self, state: ModelState, data: SnapshotData, note: Note | None = None) -> None:
        if self.refuses:
            self.refuses = False
            raise StorageUnavailable("full")
        super().save_snapshot(state, data, note)


class TestSnapshots:
    @pytest.mark.parametrize("work", [TakeDueSnapshot, TakeSnapshot])
    def test_that_failed_are_taken_the_next_time(
        self, make_engine: MakeEngine, upload: Upload, work: type[Command]
    ) -> None:
        upload(Counting())
        refusing = Refusing()
        engine = make_engine(through=refusing, snapshots=EAGER)
        engine.call(learn("model", {}, 1.0))
        engine.call(TakeDueSnapshot("model"))
        assert not refusing.refuses

        engine.call(work("model"))

        assert Snapshot.objects.filter(seq=1).count() == 1


def queue(name: str, n_bytes: int) -> ModelQueue:
    made = ModelQueue(name)
    made.hot = type("Hot", (), {"size_bytes": n_bytes})()
    return made


class TestHotSet:
    def test_evicts_by_bytes_the_one_used_longest_ago(self) -> None:
        hot = HotSet(MemoryLimits(max_models=10, max_bytes=100))
        first, second, third = (queue(name, 40) for name in "abc")
        for used in (first, second, first, third):
            hot.used(used)

        assert hot.surplus() == [second]
        assert hot.surplus() == []
        assert list(hot) == [first, third]

    def test_counts_what_a_model_has_grown_to(self) -> None:
        hot = HotSet(MemoryLimits(max_models=10, max_bytes=100))
        first, second = queue("a", 40), queue("b", 40)
        for used in (first, second):
            hot.used(used)
        assert hot.surplus() == []

        second.hot.size_bytes = 70  # type: ignore[union-attr]
        hot.used(second)

        assert hot.surplus() == [first]

    def test_keeps_the_one_used_last_however_large(self) -> None:
        hot = HotSet(MemoryLimits(max_models=1, max_bytes=1))
        first, second = queue("a", 40), queue("b", 40)
        for used in (first, second):
            hot.used(used)

        assert hot.surplus() == [first]
        assert list(hot) == [second]

    def test_forgets_what_is_not_hot_any_more(self) -> None:
        hot = HotSet(MemoryLimits(max_models=10, max_bytes=100))
        only = queue("a", 90)
        hot.used(only)
        only.drop_hot()

        hot.used(only)

        assert len(hot) == 0
        hot.used(queue("b", 90))
        assert hot.surplus() == []


class TestDirectory:
    def test_does_not_follow_a_guess_twice(self) -> None:
        directory = Directory()
        directory.guess(predict("model", {}, "1"))
        command = learn_by_id("1", 1.0)
        command.was_misrouted = True

        placed, refused = directory.place([command], Found(pending={}, default_name=None))

        assert placed == []
        assert isinstance(refused[0][2], PredictionNotPending)

    def test_learns_which_model_is_the_default_only_where_it_was_asked(self) -> None:
        directory = Directory()
        directory.default_name = "model"

        directory.place([learn_by_id("1", 1.0)], Found(pending={}, default_name=None))

        assert directory.default_name == "model"
        directory.place([predict(None, {})], Found(pending={}, default_name="other"))
        assert directory.default_name == "other"
