import asyncio
import pickle
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.db import connection, connections
from river import datasets, metrics, tree

from models_app.domain import blobs
from models_app.domain.errors import (
    ChantillyError,
    InvalidGroundTruth,
    ModelNotFound,
    ModelNotLoadable,
    ModelRaised,
    NoDefaultModel,
    PredictionNotPending,
    ServerStopping,
    StorageUnavailable,
)
from models_app.domain.fingerprints import fingerprint
from models_app.engine.commands import (
    Evict,
    Export,
    Inspect,
    Load,
    Predict,
    SaveActivity,
    TakeDueSnapshot,
    TakeSnapshot,
)
from models_app.engine.memory import MemoryLimits
from models_app.engine.ports import Learned, ModelState, Predicted
from models_app.engine.recovery import recover
from models_app.engine.snapshots import SnapshotPolicy
from models_app.engine.timings import DELAY_BOUNDS, TimingsByModel
from models_app.models import JournalSegment, PendingPrediction, ServedModel, Snapshot
from models_app.services.uploading import delete_model
from tests.engine.conftest import MakeEngine, Recorder, Upload, learn, learn_by_id, predict, submit_all
from tests.engine.models import (
    Counting,
    Fragile,
    Greedy,
    Slow,
    SluggishFragile,
    Strange,
    Unpicklable,
    linear_regression,
)
from tests.storages import OurStorage

EAGER = SnapshotPolicy(cost_ratio=0.0, min_seconds=0.0)


def state_of(name: str) -> ModelState:
    return ModelState(model_id=1, name=name, flavor="regression", generation=1, seq=0, is_default=True)


def exported(engine: Any, name: str = "model") -> Any:
    return blobs.loads(engine.call(Export(name)))


def rebuilt(storage: OurStorage, name: str = "model") -> Any:
    state = storage.find_state(name)
    assert state is not None
    return recover(storage, state)


@contextmanager
def write_locked() -> Iterator[None]:
    """Hold the database's write lock, as another process would."""
    with closing(sqlite3.connect(str(settings.DATABASES["default"]["NAME"]), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def short_waits(storage: OurStorage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the test's connections wait for a lock for a tenth of a second."""
    monkeypatch.setitem(connections["default"].settings_dict["OPTIONS"], "timeout", 0.1)
    connection.close()
    # The one that the whole process writes through is of no test.
    storage.close()
    yield
    storage.close()


class TestProgressiveValidation:
    def test_gives_what_a_bare_loop_gives(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine, bare, mae = make_engine(), linear_regression(), metrics.MAE()
        upload(bare)

        for number, (x, y) in enumerate(datasets.TrumpApproval().take(200)):
            name, prediction = engine.call(predict(None, x, str(number)))
            assert (name, prediction) == ("model", bare.predict_one(x))
            assert engine.call(learn_by_id(str(number), y)) == number + 1
            mae.update(y, prediction)
            bare.learn_one(x, y)

        vitals = engine.call(Inspect("model"))
        assert (vitals.seq, vitals.snapshot_seq) == (200, 0)
        assert vitals.metrics["MAE"] == mae.get()
        assert fingerprint(exported(engine)) == fingerprint(bare)

    def test_survives_in_the_journal(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(linear_regression())
        for x, y in datasets.TrumpApproval().take(50):
            engine.call(learn("model", x, y))

        hot = rebuilt(storage)

        assert hot.seq == 50
        assert fingerprint(hot.model) == fingerprint(exported(engine))
        assert hot.vitals().metrics == engine.call(Inspect("model")).metrics

    def test_hands_copies_of_the_features_to_the_model(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Greedy())

        engine.call(predict(None, {"a": 1.0}, "1"))
        engine.call(learn_by_id("1", 2.0))
        engine.call(learn(None, {"a": 1.0}, 3.0))

        assert rebuilt(storage).model.truths == [2.0, 3.0]

    def test_notifies_its_listener_after_the_commit(self, make_engine: MakeEngine, upload: Upload) -> None:
        listener = Recorder()
        engine = make_engine(listener)
        upload(Counting())

        engine.call(predict(None, {"a": 1.0}, "1"))
        engine.call(learn_by_id("1", 2.0))
        engine.call(Inspect("model"))
        engine.stop(seconds=5.0)

        assert [scores.losses for scores in listener.scores] == [[[2.0], [4.0], [2.0]]]
        assert listener.events == [
            Predicted(model="model", features=b'{"a":1.0}', prediction=0.0, flavor="regression"),
            Learned(
                model="model", features=b'{"a":1.0}', prediction=0.0, ground_truth=2.0, flavor="regression"
            ),
        ]

    def test_does_not_mind_a_listener_that_fails(self, make_engine: MakeEngine, upload: Upload) -> None:
        class Failing(Recorder):
            def committed(self, *args: Any) -> None:
                raise RuntimeError("deaf")

        engine = make_engine(Failing())
        upload(Counting())

        assert engine.call(learn(None, {}, 1.0)) == 1
        assert engine.call(learn(None, {}, 1.0)) == 2


class TestBatch:
    def test_sees_its_own_predictions(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Slow())

        # They pile up behind the first, which takes 50 ms.
        answers = submit_all(
            engine,
            [
                learn("model", {}, 0.0),
                predict("model", {"a": 1.0}, "1"),
                learn_by_id("1", 1.0),
                learn_by_id("1", 2.0),
                predict("model", {"a": 2.0}, "1"),
            ],
        )

        assert answers[0] == 1
        assert answers[1] == ("model", 1.0)
        assert answers[2] == 2
        assert isinstance(answers[3], PredictionNotPending)
        assert PendingPrediction.objects.get().features == '{"a":2.0}'

    def test_claims_the_row_that_it_replaced(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Slow())
        engine.call(predict(None, {"a": 1.0}, "1"))

        submit_all(
            engine,
            [learn("model", {}, 0.0), predict("model", {"a": 2.0}, "1"), learn_by_id("1", 1.0)],
        )

        assert not PendingPrediction.objects.exists()
        assert (
            JournalSegment.objects.order_by("-pk").values_list("learns", flat=True)[0].count('{"a":2.0}') == 1
        )

    def test_is_one_segment_for_many_learns(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(turn_seconds=60.0)
        upload(Slow())

        answers = submit_all(engine, [learn("model", {}, float(number)) for number in range(5)])

        assert answers == [1, 2, 3, 4, 5]
        assert JournalSegment.objects.count() <= 2

    def test_ends_when_its_time_is_up(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(turn_seconds=0.0)
        upload(Counting())

        submit_all(engine, [learn("model", {}, float(number)) for number in range(5)])

        assert JournalSegment.objects.count() == 5

    def test_refuses_a_ground_truth_that_the_flavor_cannot_take(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(predict(None, {}, "1"))

        for command in (learn_by_id("1", "text"), learn(None, {}, "text")):
            with pytest.raises(InvalidGroundTruth):
                engine.call(command)

        assert engine.call(learn_by_id("1", 1.0)) == 1


class TestRouting:
    def test_says_that_there_is_no_model(self, make_engine: MakeEngine) -> None:
        engine = make_engine()

        with pytest.raises(NoDefaultModel):
            engine.call(predict(None, {}))
        with pytest.raises(ModelNotFound):
            engine.call(predict("nobody", {}))
        with pytest.raises(PredictionNotPending):
            engine.call(learn_by_id("1", 1.0))
        with pytest.raises(ModelNotFound):
            engine.call(Load("nobody"))

    def test_follows_the_default(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting(), "first")
        assert engine.call(predict(None, {}))[0] == "first"

        upload(Counting(), "second")
        assert engine.call(predict(None, {}))[0] == "second"

        delete_model(name="second")
        engine.forget_default()
        assert engine.call(predict(None, {}))[0] == "first"

    def test_keeps_the_order_of_a_stream_that_begins_before_the_default_is_known(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        class Sluggish(OurStorage):
            def default_name(self) -> str | None:
                time.sleep(0.05)
                return super().default_name()

        engine = make_engine(through=Sluggish(), batch_size=2)
        upload(Counting())
        commands = [learn(None, {}, float(number)) for number in range(20)]
        futures = [command.answered_in_thread() for command in commands]

        engine.submit_many(commands[:10])
        # Now the default is known, and the others of the ten are still to be routed.
        futures[0].result(timeout=30)
        engine.submit_many(commands[10:])

        assert [future.result(timeout=30) for future in futures] == list(range(1, 21))

    def test_finds_the_model_of_an_id_that_another_process_predicted(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting(), "first")
        upload(Counting(), "second")
        make_engine().call(predict("first", {}, "1"))

        engine = make_engine()
        assert engine.call(learn_by_id("1", 1.0)) == 1

        assert engine.call(Inspect("first")).seq == 1
        assert engine.call(Inspect("second")).seq == 0

    def test_follows_an_id_to_the_model_that_predicted_it_last(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine, other = make_engine(), make_engine()
        upload(Counting(), "first")
        upload(Counting(), "second")
        engine.call(predict("first", {}, "1"))
        other.call(predict("second", {}, "1"))

        engine.call(learn_by_id("1", 1.0))

        assert engine.call(Inspect("second")).seq == 1

    def test_forgets_where_ids_belong_when_there_are_too_many(
        self, make_engine: MakeEngine, upload: Upload, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("models_app.engine.routing._MAX_HINTS", 2)
        engine = make_engine()
        upload(Counting())

        for number in range(4):
            engine.call(predict(None, {}, str(number)))

        assert [engine.call(learn_by_id(str(number), 1.0)) for number in range(4)] == [1, 2, 3, 4]

    def test_does_not_pile_up_names_that_nobody_has(self, make_engine: MakeEngine) -> None:
        engine = make_engine()

        for number in range(10):
            with pytest.raises(ModelNotFound):
                engine.call(predict(f"nobody-{number}", {}))
        engine.stop(seconds=1.0)

        assert not engine._queues

    def test_says_that_a_deleted_models_predictions_are_gone(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(predict(None, {}, "1"))

        delete_model(name="model")

        with pytest.raises(PredictionNotPending):
            engine.call(learn_by_id("1", 1.0))

    def test_answers_from_an_event_loop(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())

        async def two() -> list[Any]:
            commands = [predict("model", {}), predict("nobody", {})]
            futures = [command.answered_in_loop() for command in commands]
            for command in commands:
                engine.submit(command)
            return await asyncio.gather(*futures, return_exceptions=True)

        found, missing = asyncio.run(two())
        assert found == ("model", 0.0)
        assert isinstance(missing, ModelNotFound)

    def test_does_not_mind_a_loop_that_is_gone(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Slow())

        async def leave() -> None:
            command = learn("model", {}, 1.0)
            command.answered_in_loop()
            engine.submit(command)

        asyncio.run(leave())

        assert engine.call(learn("model", {}, 1.0)) == 2

    def test_does_not_mind_who_waits_no_more(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Slow())
        command = learn("model", {}, 1.0)
        command.answered_in_thread().cancel()
        engine.submit(command)

        assert engine.call(learn("model", {}, 1.0)) == 2


class TestFailure:
    @pytest.mark.parametrize("features", [{"bad": 1.0}, {"exit": 1.0}])
    def test_of_a_learn_leaves_no_trace(
        self, make_engine: MakeEngine, upload: Upload, features: dict[str, float]
    ) -> None:
        engine = make_engine()
        upload(Fragile())
        engine.call(learn(None, {}, 1.0))
        engine.call(predict(None, features, "1"))
        before = engine.call(Export("model"))
        vitals = engine.call(Inspect("model"))

        for command in (learn_by_id("1", 9.0), learn(None, features, 9.0)):
            with pytest.raises(ModelRaised):
                engine.call(command)

        assert engine.call(Export("model")) == before
        assert engine.call(Inspect("model")).metrics == vitals.metrics
        assert PendingPrediction.objects.get().prediction_id == "1"
        assert engine.call(learn(None, {}, 2.0)) == 2

    def test_of_one_learn_is_not_the_others(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(turn_seconds=60.0)
        upload(Fragile())

        answers = submit_all(
            engine,
            [learn("model", {"bad": 1.0} if number % 3 == 2 else {}, float(number)) for number in range(9)],
        )

        assert [isinstance(answer, ModelRaised) for answer in answers] == [False, False, True] * 3
        assert exported(engine).truths == [0.0, 1.0, 3.0, 4.0, 6.0, 7.0]

    def test_of_a_prediction_leaves_no_trace(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Fragile())
        engine.call(learn(None, {}, 1.0))

        for command in (predict(None, {"bad_predict": 1.0}, "1"), learn(None, {"bad_predict": 1.0}, 1.0)):
            with pytest.raises(ModelRaised, match="cannot predict"):
                engine.call(command)

        assert exported(engine).truths == [1.0]
        assert not PendingPrediction.objects.exists()

    def test_of_a_prediction_of_rivers_own_models_keeps_them_hot(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(linear_regression())
        engine.call(Load("model"))
        hot = engine._queues["model"].hot

        with pytest.raises(ModelRaised):
            engine.call(Predict(None, b'"text"', "text", None, time.time()))

        assert engine._queues["model"].hot is hot

    def test_repeated_does_not_cost_a_full_replay_each_time(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine(turn_seconds=60.0)
        upload(SluggishFragile())
        for number in range(20):
            engine.call(learn(None, {}, float(number)))

        for _ in range(3):
            with pytest.raises(ModelRaised):
                engine.call(learn(None, {"bad": 1.0}, 0.0))

        engine.call(Inspect("model"))
        assert sorted(Snapshot.objects.values_list("seq", flat=True)) == [0, 20]

    def test_to_predict_a_number_is_the_models(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Strange())

        with pytest.raises(ModelRaised, match="not a number"):
            engine.call(predict(None, {"strange": 1.0}))

    def test_to_be_pickled_is_reported_to_who_asked_for_the_bytes(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Unpicklable())
        engine.call(learn(None, {}, 1.0))

        with pytest.raises(ModelRaised, match="generator"):
            engine.call(Export("model"))

        assert engine.call(learn(None, {}, 1.0)) == 2

    def test_of_one_damaged_row_is_not_the_others(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Slow())
        # Another engine than the one that learns, which would remember what it predicted.
        predicting = make_engine()
        for number in range(3):
            predicting.call(predict(None, {}, str(number)))
        PendingPrediction.objects.filter(prediction_id="1").update(prediction="no JSON")
        engine = make_engine(turn_seconds=60.0)

        first, *answers = submit_all(
            engine, [learn("model", {}, 0.0), *[learn_by_id(str(number), 1.0) for number in range(3)]]
        )

        assert first == 1
        assert answers[0] == 2
        assert isinstance(answers[1], msgspec.MsgspecError)
        assert answers[2] == 3

    @pytest.mark.sqlite
    def test_of_the_database_refuses_the_batch_and_changes_nothing(
        self, make_engine: MakeEngine, upload: Upload, short_waits: None
    ) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(predict(None, {}, "1"))

        with write_locked():
            for command in (learn_by_id("1", 1.0), predict("model", {}, "2")):
                with pytest.raises(StorageUnavailable):
                    engine.call(command)
            # Reading goes on.
            assert engine.call(predict(None, {})) == ("model", 0.0)

        assert engine.call(learn_by_id("1", 1.0)) == 1
        assert exported(engine).truths == [1.0]

    def test_of_the_database_while_routing_refuses_those_who_wait(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE models_app_pendingprediction RENAME TO gone")
        try:
            with pytest.raises(StorageUnavailable):
                engine.call(learn_by_id("1", 1.0))
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE gone RENAME TO models_app_pendingprediction")

        with pytest.raises(PredictionNotPending):
            engine.call(learn_by_id("1", 1.0))

    def test_of_the_program_itself_does_not_end_the_thread(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        class Broken(OurStorage):
            fails = True

            def find_state(self, name: str) -> ModelState | None:
                if self.fails:
                    raise KeyError(name)
                return super().find_state(name)

        broken = Broken()
        engine = make_engine(through=broken, threads=1)
        upload(Counting())

        for command in (predict("model", {}), Load("model")):
            with pytest.raises(KeyError):
                engine.call(command)

        broken.fails = False
        assert engine.is_running
        assert engine.call(predict("model", {})) == ("model", 0.0)


class TestSeveralProcesses:
    def test_share_one_order_of_learns(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        engines = [make_engine(), make_engine(), make_engine()]
        seqs: list[int] = []

        def work(engine: Any) -> None:
            seqs.extend(engine.call(learn("model", {}, float(number))) for number in range(40))

        threads = [threading.Thread(target=work, args=[engine]) for engine in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(seqs) == list(range(1, 121))
        assert {len(exported(engine).truths) for engine in engines} == {120}
        assert len({fingerprint(exported(engine)) for engine in engines}) == 1

    def test_learn_an_id_once(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting(), "first")
        engines = [make_engine(), make_engine()]

        for number in range(20):
            engines[number % 2].call(predict("first", {}, "1"))
            commands = [learn_by_id("1", 1.0), learn_by_id("1", 1.0)]
            futures = [command.answered_in_thread() for command in commands]
            for engine, command in zip(engines, commands, strict=True):
                engine.submit(command)
            outcomes = [future.exception(timeout=10) for future in futures]
            assert sorted(outcome is None for outcome in outcomes) == [False, True]

        assert engines[0].call(Inspect("first")).seq == 20

    def test_see_a_model_replaced(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(learn(None, {}, 1.0))

        upload(Counting())

        assert engine.call(Inspect("model")).seq == 0
        assert engine.call(learn(None, {}, 1.0)) == 1

    def test_that_never_let_one_through_make_it_give_up(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        class Contended(OurStorage):
            def commit(self, writes: Any) -> Any:
                (write,) = writes
                served = ServedModel.objects.filter(pk=write.state.model_id)
                served.update(generation=10 + write.state.generation)
                try:
                    return super().commit(writes)
                finally:
                    served.update(generation=write.state.generation)

        upload(Counting())
        engine = make_engine(through=Contended())

        with pytest.raises(StorageUnavailable, match="changed too often"):
            engine.call(learn("model", {}, 1.0))


class TestSnapshots:
    def test_are_taken_when_replaying_has_become_dear(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(snapshots=EAGER)
        upload(Counting())

        for number in range(12):
            engine.call(learn(None, {}, float(number)))
        engine.call(Inspect("model"))

        # The first, and the last few.
        assert sorted(Snapshot.objects.values_list("seq", flat=True)) == [0, 8, 9, 10, 11, 12]
        assert Snapshot.objects.get(seq=12).metric_values == engine.call(Inspect("model")).metrics

    def test_that_were_not_taken_are_taken_on_demand(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(learn(None, {}, 1.0))

        assert engine.call(TakeSnapshot("model")) == 1
        assert engine.call(TakeSnapshot("model")) == 1

        assert engine.call(Inspect("model")).snapshot_seq == 1
        assert Snapshot.objects.filter(seq=1).count() == 1

    def test_that_were_due_are_not_taken_once_another_was(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine(snapshots=EAGER)
        upload(Counting())
        engine.call(learn(None, {}, 1.0))

        # The one that was due is taken by now.
        engine.call(TakeSnapshot("model"))
        engine.call(TakeDueSnapshot("model"))

        assert Snapshot.objects.filter(seq=1).count() == 1

    def test_that_are_damaged_make_the_one_before_count(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine(snapshots=EAGER)
        upload(Counting())
        for number in range(3):
            engine.call(learn(None, {}, float(number)))
        engine.call(Inspect("model"))
        Snapshot.objects.filter(seq=3).update(model_bytes=b"damaged")

        assert rebuilt(storage).model.truths == [0.0, 1.0, 2.0]

    def test_that_all_are_damaged_make_the_model_unloadable(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        Snapshot.objects.update(model_bytes=b"damaged")

        with pytest.raises(ModelNotLoadable, match="signature"):
            make_engine().call(predict(None, {}))

    def test_that_are_missing_make_the_model_unloadable(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        Snapshot.objects.all().delete()

        with pytest.raises(ModelNotLoadable, match="has no snapshot"):
            make_engine().call(predict(None, {}))

    def test_that_cannot_be_taken_cost_nothing_else(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine(snapshots=EAGER)
        upload(Unpicklable())

        assert [engine.call(learn(None, {}, 1.0)) for _ in range(3)] == [1, 2, 3]

        assert Snapshot.objects.count() == 1
        assert rebuilt(storage).seq == 3

    def test_are_taken_of_models_that_are_deeply_nested(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(tree.HoeffdingTreeRegressor(grace_period=20))
        # A number that only grows makes a chain of what the tree has seen, as long as it has learned.
        commands = [learn("model", {"time": float(n)}, float(n % 7)) for n in range(800)]
        submit_all(engine, commands)

        assert engine.call(TakeSnapshot("model")) == 800
        assert engine.call(Export("model"))

    @pytest.mark.sqlite
    def test_wait_for_a_database_that_is_locked(
        self, make_engine: MakeEngine, upload: Upload, short_waits: None
    ) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(learn(None, {}, 1.0))

        with write_locked():
            engine.call(Evict("model"))
            with pytest.raises(StorageUnavailable):
                engine.call(TakeSnapshot("model"))

        assert engine.call(TakeSnapshot("model")) == 1

    def test_of_a_model_that_was_deleted_meanwhile_are_not_kept(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(learn(None, {}, 1.0))
        state = storage.find_state("model")
        assert state is not None
        hot = recover(storage, state)
        delete_model(name="model")

        storage.save_snapshot(state, hot.snapshot())

        assert not Snapshot.objects.exists()


class TestRecovery:
    def test_refuses_a_journal_with_a_gap(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())
        for _ in range(3):
            engine.call(learn(None, {}, 1.0))
        JournalSegment.objects.filter(first_seq=2).delete()

        with pytest.raises(ModelNotLoadable, match="ends at 1 instead of 3"):
            make_engine().call(predict(None, {}))

    def test_refuses_a_journal_that_does_not_apply(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Fragile())
        engine.call(learn(None, {}, 1.0))
        segment = JournalSegment.objects.get()
        JournalSegment.objects.update(learns=segment.learns.replace("{}", '{"bad": 1}'))

        with pytest.raises(ModelNotLoadable, match=r"Learn 1 .* does not apply"):
            make_engine().call(predict(None, {}))

    def test_refuses_a_snapshot_that_cannot_be_unpickled(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        from models_app.engine.ports import SnapshotData

        upload(Counting())
        state = storage.find_state("model")
        assert state is not None
        storage.save_snapshot(
            state, SnapshotData(seq=0, model=b"cno_such_module\nModel\n.", metrics=pickle.dumps([]))
        )

        with pytest.raises(ModelNotLoadable, match="does not load"):
            make_engine().call(predict(None, {}))


class TestMemory:
    @pytest.mark.parametrize("limits", [MemoryLimits(max_models=2), MemoryLimits(max_bytes=1)])
    def test_is_given_back_by_models_not_used_lately(
        self, make_engine: MakeEngine, upload: Upload, limits: MemoryLimits
    ) -> None:
        engine = make_engine(memory=limits)
        names = [upload(Counting(), f"model-{number}") for number in range(5)]

        for number in range(10):
            for name in names:
                assert engine.call(learn(name, {}, 1.0)) == number + 1

        engine.stop(seconds=5.0)
        assert engine.n_hot <= 2
        assert Snapshot.objects.filter(seq=10).count() == 5

    def test_is_filled_at_start_with_the_models_used_last(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        first = make_engine()
        for number in range(4):
            upload(Counting(), f"model-{number}")
        first.call(learn("model-0", {}, 1.0))

        engine = make_engine(memory=MemoryLimits(max_models=2))
        engine.preload()
        engine.call(Inspect("model-0"))
        engine.stop(seconds=5.0)

        assert {queue.name for queue in engine._hot_set} == {"model-0", "model-3"}

    def test_of_a_deleted_model_is_given_back(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())
        engine.call(Load("model"))
        delete_model(name="model")

        with pytest.raises(ModelNotFound):
            engine.call(Load("model"))
        engine.stop(seconds=1.0)

        assert engine.n_hot == 0


class TestActivity:
    def test_is_counted_with_the_next_commit_or_on_demand(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Counting())

        engine.call(predict(None, {}))
        engine.call(predict(None, {}, "1"))
        assert ServedModel.objects.get().n_predictions == 2

        engine.call(predict(None, {}))
        engine.call(Load("model"))
        engine.save_activity()
        engine.call(Load("model"))
        engine.call(SaveActivity("model"))

        model = ServedModel.objects.get()
        assert model.n_predictions == 3
        assert model.last_predicted_at is not None
        assert model.last_learned_at is None

    def test_of_none_needs_no_write(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())

        engine.call(SaveActivity("model"))
        engine.call(Evict("model"))

        model = ServedModel.objects.get()
        assert (model.n_predictions, model.last_predicted_at) == (0, None)


class TestStop:
    def test_finishes_what_was_accepted(
        self, storage: OurStorage, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Slow())
        commands = [learn("model", {}, float(number)) for number in range(10)]
        futures = [command.answered_in_thread() for command in commands]
        for command in commands:
            engine.submit(command)

        engine.stop(seconds=10.0)

        assert [future.result(timeout=0) for future in futures] == list(range(1, 11))
        assert Snapshot.objects.filter(seq=10).exists()
        assert not engine.is_running
        with pytest.raises(ServerStopping):
            engine.submit(predict("model", {}))

    def test_refuses_what_there_is_no_time_for(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Slow())
        commands = [learn("model", {}, float(number)) for number in range(100)]
        futures = [command.answered_in_thread() for command in commands]
        for command in commands:
            engine.submit(command)
        futures[0].result(timeout=30)

        engine.stop(seconds=0.3)

        outcomes = [future.exception(timeout=10) for future in futures]
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert refused
        assert all(isinstance(outcome, ChantillyError) for outcome in refused)
        # What is left of the turn under way may still be committed, and is then answered.
        time.sleep(0.2)
        model = ServedModel.objects.get()
        assert model.seq >= len(outcomes) - len(refused) > 0


class TestTimings:
    def test_say_where_the_time_of_each_model_went(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine(turn_seconds=60.0)
        upload(Slow(), "slow")
        upload(Counting(), "quick")

        submit_all(engine, [learn("slow", {}, float(number)) for number in range(4)])
        engine.call(predict("quick", {}))
        with pytest.raises(ModelNotFound):
            engine.call(predict("nobody", {}))
        engine.stop(seconds=5.0)

        timings = engine.timings()
        assert set(timings) == {"slow", "quick"}
        slow, quick = timings["slow"], timings["quick"]
        assert (slow.wait.n, quick.wait.n) == (4, 1)
        assert slow.compute.seconds >= 4 * Slow.seconds
        assert slow.wait.seconds > 0
        assert slow.commit.n == slow.compute.n
        assert (quick.compute.n, quick.commit.n) == (1, 0)

    def test_of_models_used_long_ago_give_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("models_app.engine.timings._MAX_MODELS", 2)
        timings = TimingsByModel()

        for name in ("a", "b", "c"):
            timings.of(state_of(name)).wait.record(20.0)

        assert list(timings.report()) == ["b", "c"]
        assert timings.of(state_of("c")).wait.counts[-1] == 1

    def test_begin_anew_with_an_upload(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        for _ in range(2):
            upload(Counting())
            engine.call(learn("model", {}, 1.0))
        engine.stop(seconds=5.0)

        model = ServedModel.objects.get()
        timings = engine.find_timings("model", model.pk, model.generation)
        assert timings is not None
        assert timings.answer.n == 1
        assert engine.find_timings("model", model.pk, model.generation - 1) is None
        assert engine.find_timings("nobody", model.pk, model.generation) is None

    def test_keep_predictions_and_learns_apart(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Counting())

        submit_all(engine, [predict("model", {}, "1"), learn_by_id("1", 2.0), predict("model", {})])
        submit_all(engine, [learn("model", {}, 2.0), Inspect("model")])
        engine.stop(seconds=5.0)

        timings = engine.timings()["model"]
        assert (timings.predict.n, timings.learn.n, timings.answer.n) == (2, 2, 4)
        # Of the two learns one had been predicted before, a moment ago.
        assert timings.delay.n == timings.delay.counts[0] == 1
        assert 0 <= timings.delay.seconds < DELAY_BOUNDS[0]

    @pytest.mark.sqlite
    def test_count_what_is_refused_by_code(
        self, short_waits: None, make_engine: MakeEngine, upload: Upload
    ) -> None:
        engine = make_engine()
        upload(Fragile())

        submit_all(engine, [learn("model", {}, 1.0), learn("model", {"bad": 1.0}, 1.0)])
        submit_all(engine, [learn("model", {}, "no number"), predict("model", {"bad_predict": 1.0})])
        # Who only looks refuses nobody anything.
        submit_all(engine, [Inspect("model")])
        with write_locked():
            submit_all(engine, [learn("model", {}, 1.0)])
        engine.stop(seconds=5.0)

        assert engine.timings()["model"].refused == {
            "model_raised": 2,
            "invalid_ground_truth": 1,
            "storage_unavailable": 1,
        }

    def test_do_not_count_exports_that_fail(self, make_engine: MakeEngine, upload: Upload) -> None:
        engine = make_engine()
        upload(Unpicklable())
        engine.call(learn("model", {}, 1.0))

        with pytest.raises(ModelRaised):
            engine.call(Export("model"))
        engine.stop(seconds=5.0)

        assert not engine.timings()["model"].refused
