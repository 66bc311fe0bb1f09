"""Batches that are computed from what is in memory: the database has the last word."""

import threading
from typing import Any

import pytest

from models_app.domain.errors import ModelNotFound, PredictionNotPending, StorageUnavailable
from models_app.engine.commands import Inspect
from models_app.engine.snapshots import SnapshotPolicy
from models_app.models import PendingPrediction, Snapshot
from models_app.services.uploading import delete_model, make_default
from tests.engine.conftest import MakeEngine, Recorder, Upload, learn, learn_by_id, predict, submit_all
from tests.engine.models import Counting
from tests.servers.waiting import wait_until
from tests.storages import OurStorage


class Looked(OurStorage):
    """Counts the looks into the database."""

    def __init__(self) -> None:
        self.n_looks = 0

    def find_state(self, name: str) -> Any:
        self.n_looks += 1
        return super().find_state(name)

    def pending(self, prediction_ids: Any) -> Any:
        self.n_looks += 1
        return super().pending(prediction_ids)


class TestBatch:
    def test_needs_no_look_into_the_database(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        storage = Looked()
        engine = make_engine(through=storage)
        engine.call(learn("model", {}, 1.0))
        storage.n_looks = 0

        engine.call(predict("model", {"a": 1.0}, "1"))
        assert engine.call(learn_by_id("1", 1.0)) == 2

        assert storage.n_looks == 0

    def test_sees_what_another_process_has_learned(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        ours, theirs = make_engine(), make_engine()
        assert ours.call(learn("model", {}, 1.0)) == 1

        assert theirs.call(learn("model", {}, 2.0)) == 2

        assert ours.call(predict("model", {}, "1")) == ("model", 2.0)
        assert ours.call(learn("model", {}, 3.0)) == 3

    def test_is_for_the_model_that_is_there_now(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        engine = make_engine()
        engine.call(learn("model", {}, 1.0))

        upload(Counting())
        assert engine.call(learn("model", {}, 1.0)) == 1

        delete_model(name="model")
        with pytest.raises(ModelNotFound):
            engine.call(learn("model", {}, 1.0))

    def test_goes_to_the_model_that_is_the_default_now(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting(), "first")
        upload(Counting(), "second")
        engine = make_engine()
        assert engine.call(predict(None, {}, "1")) == ("second", 0.0)

        make_default(name="first")

        assert engine.call(predict(None, {}, "2")) == ("first", 0.0)
        assert engine.call(learn("second", {}, 1.0)) == 1

    def test_learns_no_prediction_that_is_gone(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        engine = make_engine()
        engine.call(predict("model", {}, "1"))

        PendingPrediction.objects.all().delete()

        with pytest.raises(PredictionNotPending):
            engine.call(learn_by_id("1", 1.0))
        assert engine.call(Inspect("model")).seq == 0

    def test_learns_the_prediction_that_is_pending_now(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        listener = Recorder()
        ours, theirs = make_engine(listener), make_engine()
        ours.call(predict("model", {"a": 1.0}, "1"))

        theirs.call(predict("model", {"a": 2.0}, "1"))
        ours.call(learn_by_id("1", 1.0))
        ours.stop(seconds=30.0)

        assert listener.events[-1].features == b'{"a":2.0}'

    def test_that_was_refused_whole_is_checked(self, make_engine: MakeEngine, upload: Upload) -> None:
        upload(Counting())
        ours, theirs = make_engine(), make_engine()
        ours.call(predict("model", {}, "1"))
        theirs.call(learn("model", {}, 1.0))

        # The learn commits nothing, so that nothing says that the prediction beside it is outdated.
        refused, predicted = submit_all(ours, [learn_by_id("1", "no number"), predict("model", {})])

        assert isinstance(refused, Exception)
        assert predicted == ("model", 1.0)
        assert ours.call(learn_by_id("1", 1.0)) == 2


class TestListeners:
    def test_hear_all_scores_though_somebody_looks_in_between(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        upload(Counting())
        listener = Recorder()
        engine = make_engine(listener)

        _, vitals, _ = submit_all(
            engine, [learn("model", {}, 1.0), Inspect("model"), learn("model", {}, 1.0)]
        )
        engine.stop(seconds=30.0)

        assert vitals.seq == 1
        assert sum(scores.n for scores in listener.scores) == 2


class Hanging(Counting):
    """Learns when it is allowed to."""

    may_learn = threading.Event()

    def learn_one(self, x: Any, y: float) -> None:
        self.may_learn.wait(60)
        super().learn_one(x, y)


class TestIsolation:
    def test_models_answer_while_others_hang(self, make_engine: MakeEngine, upload: Upload) -> None:
        Hanging.may_learn.clear()
        names = [f"quick-{number}" for number in range(20)]
        for name in names:
            upload(Counting(), name)
        upload(Hanging(), "hanging")
        engine = make_engine(threads=2)
        commands = [learn(name, {}, 1.0) for name in names]
        commands.insert(10, learn("hanging", {}, 1.0))

        futures = [command.answered_in_thread() for command in commands]
        engine.submit_many(commands)
        hanging = futures.pop(10)

        assert [future.result(timeout=30) for future in futures] == [1] * 20
        assert not hanging.done()
        Hanging.may_learn.set()
        assert hanging.result(timeout=30) == 1


class TestCommit:
    def test_that_fails_of_our_own_fault_refuses_and_goes_on(
        self, make_engine: MakeEngine, upload: Upload
    ) -> None:
        class Faulty(OurStorage):
            fails = True

            def commit(self, writes: Any) -> Any:
                if self.fails:
                    self.fails = False
                    raise ZeroDivisionError
                return super().commit(writes)

        upload(Counting())
        engine = make_engine(through=Faulty())

        with pytest.raises(StorageUnavailable, match="ZeroDivisionError"):
            engine.call(learn("model", {}, 1.0))
        assert engine.call(learn("model", {}, 1.0)) == 1


class TestSnapshots:
    def test_that_are_due_are_taken_after_the_answers(self, make_engine: MakeEngine, upload: Upload) -> None:
        class Held(OurStorage):
            may_write = threading.Event()

            def save_snapshot(self, state: Any, data: Any, note: Any = None) -> None:
                self.may_write.wait(60)
                super().save_snapshot(state, data, note)

        upload(Counting())
        storage = Held()
        engine = make_engine(through=storage, snapshots=SnapshotPolicy(cost_ratio=0.0, min_seconds=0.0))

        assert engine.call(learn("model", {}, 1.0), seconds=30) == 1

        storage.may_write.set()
        wait_until(lambda: Snapshot.objects.filter(seq=1).exists())
