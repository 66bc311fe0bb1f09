"""The battery of every backend of the storage; a new one runs through it with its own database."""

import dataclasses
import os
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.db import connection, connections

from models_app.domain import learns
from models_app.domain.errors import ModelNotLoadable, StorageUnavailable
from models_app.engine import forks
from models_app.engine.ports import Conflict, ModelState, Replayed, SnapshotData, Write
from models_app.models import JournalSegment, PendingPrediction, Replay, ServedModel, Snapshot
from models_app.models.storage import get_storage
from models_app.models.storage.base import Backend
from models_app.models.transactions import writer_lock
from models_app.services.showing import keep_features
from models_app.services.uploading import make_default
from tests.models.storage.writes import one_learn, one_prediction, seqs


@pytest.fixture
def storage(states: list[ModelState]) -> Iterator[Backend]:
    found = get_storage()
    yield found
    found.close()


class TestCommit:
    def test_leaves_out_a_conflict_and_writes_the_others(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        ServedModel.objects.filter(pk=states[1].model_id).update(generation=2)

        outcomes = storage.commit([one_learn(state) for state in states])

        assert [type(outcome) for outcome in outcomes] == [int, Conflict, int, int, int]
        assert set(JournalSegment.objects.values_list("pk", flat=True)) == {*outcomes} - {outcomes[1]}
        assert seqs() == [1, 0, 1, 1, 1]

    def test_undoes_a_claim_that_fails_among_several(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        claimed = [*one_prediction(states[1]).predicted.values()]
        writes = [one_learn(states[0]), one_learn(states[1], claimed=claimed), one_learn(states[2])]

        outcomes = storage.commit(writes)

        assert [type(outcome) for outcome in outcomes] == [int, Conflict, int]
        # Not even its seq has moved.
        assert seqs() == [1, 0, 1, 0, 0]
        assert JournalSegment.objects.count() == 2

    def test_leaves_nothing_of_a_lone_conflict(self, states: list[ModelState], storage: Backend) -> None:
        write = one_learn(states[0], claimed=[*one_prediction(states[0]).predicted.values()])

        (outcome,) = storage.commit([write])

        assert isinstance(outcome, Conflict)
        assert not JournalSegment.objects.exists()
        assert seqs() == [0] * 5

    def test_holds_to_the_seq_even_where_nothing_was_learned(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        ServedModel.objects.filter(pk=states[0].model_id).update(seq=1)

        (outcome,) = storage.commit([one_prediction(states[0])])

        assert isinstance(outcome, Conflict)
        assert not PendingPrediction.objects.exists()

    def test_holds_to_the_default_where_the_batch_relies_on_it(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        was_default = states[-1]
        make_default(name=states[0].name)

        relying, plain = storage.commit(
            [one_learn(was_default, relies_on_default=True), one_learn(states[0])]
        )

        assert isinstance(relying, Conflict)
        assert isinstance(plain, int)

    def test_holds_to_how_features_are_shown(self, states: list[ModelState], storage: Backend) -> None:
        keep_features(name=states[0].name, way="none")

        chosen, plain = storage.commit([one_learn(states[0]), one_learn(states[1])])

        assert isinstance(chosen, Conflict)
        assert isinstance(plain, int)
        now = storage.find_state(states[0].name)
        assert now is not None
        assert (now.features_kept, now.hides_features, states[0].hides_features) == ("none", True, False)

    def test_is_refused_whole_by_a_database_that_refuses(
        self, states: list[ModelState], storage: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = iter(["[]", None])
        with monkeypatch.context() as patched:
            # None is what the table does not take.
            patched.setattr(learns, "encode", lambda _: next(texts))
            with pytest.raises(StorageUnavailable):
                storage.commit([one_learn(state) for state in states[:2]])

        assert not JournalSegment.objects.exists()
        assert len(storage.commit([one_learn(states[0])])) == 1

    def test_is_refused_when_others_write_for_too_long(
        self, states: list[ModelState], storage: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "DATABASE_TIMEOUT", 0.05)
        refusals: list[Exception] = []

        def work() -> None:
            try:
                storage.commit([one_learn(states[0])])
            except StorageUnavailable as refusal:
                refusals.append(refusal)

        with writer_lock():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        assert len(refusals) == 1
        assert not JournalSegment.objects.exists()

    def test_claims_what_was_read_and_nothing_that_was_predicted_anew(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        (state, *_) = states
        storage.commit([one_prediction(state, "1"), one_prediction(states[1], "2")])
        read = storage.pending(["1", "2", "3"])
        anew = one_prediction(state, "2")
        anew.predicted["2"] = msgspec.structs.replace(anew.predicted["2"], token=8)
        storage.commit([anew])

        first, second = (storage.commit([one_learn(state, claimed=[read[name]])])[0] for name in "12")

        assert set(read) == {"1", "2"}
        assert isinstance(first, int)
        assert isinstance(second, Conflict)
        assert list(storage.pending(["1", "2"])) == ["2"]

    def test_claims_once_whoever_asks(self, states: list[ModelState], storage: Backend) -> None:
        storage.commit([one_prediction(states[0])])
        claimed = [*storage.pending(["1"]).values()]
        outcomes: list[Any] = []

        def claim(state: ModelState) -> None:
            outcomes.extend(storage.commit([one_learn(state, claimed=claimed)]))
            connections.close_all()

        threads = [threading.Thread(target=claim, args=[state]) for state in states]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 4 + ["int"]
        assert sum(seqs()) == 1

    def test_moves_a_replay_with_what_it_taught(self, states: list[ModelState], storage: Backend) -> None:
        (state, *_) = states
        replay = Replay.objects.create(
            model_id=state.model_id, generation=state.generation, from_generation=0, seq=3
        )
        for after_seq, kind in ((2, Conflict), (3, int)):
            moved = Replayed(after_seq=after_seq)
            moved.seq = after_seq + 1

            (outcome,) = storage.commit([one_learn(state, replayed={replay.pk: moved})])

            assert type(outcome) is kind
        replay.refresh_from_db()
        assert replay.seq == 4
        assert seqs()[0] == 1


class TestCrash:
    """A process that ends within a commit leaves all of it or nothing."""

    def test_leaves_nothing_at_each_step_but_the_last(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        (state, *_) = states
        storage.commit([one_prediction(state)])
        claimed = [*storage.pending(["1"]).values()]
        write = one_learn(state, claimed=claimed, predicted=one_prediction(state, "2").predicted)
        storage.close()
        connections.close_all()
        codes = []
        for step in range(1, 100):
            codes.append(_exit_code(storage, write, step))
            is_done = seqs()[0] == 1
            assert JournalSegment.objects.count() == is_done
            assert set(PendingPrediction.objects.values_list("pk", flat=True)) == {"2" if is_done else "1"}
            connections.close_all()
            if is_done:
                break

        # Each of the statements, and then the whole of it.
        assert codes[-1] == 0
        assert set(codes[:-1]) == {1}
        assert len(codes) > (5 if connection.vendor == "sqlite" else 1)
        assert [len(segment.learns) for segment in storage.segments(state, 0)] == [1]


def _exit_code(storage: Backend, write: Write, step: int) -> int:
    """Commit in a process that ends before the `step`th statement; 0: it had fewer."""
    child = os.fork()
    if child == 0:
        forks.own()
        n_statements = 0

        def count(frame: FrameType, event: str, argument: Any) -> None:
            nonlocal n_statements
            # Methods in C, or in Python, as the database's driver has them.
            called = {"c_call": getattr(argument, "__name__", ""), "call": frame.f_code.co_name}.get(event)
            if called in ("execute", "executemany", "commit"):
                n_statements += 1
                if n_statements == step:
                    os._exit(1)

        try:
            sys.setprofile(count)
            storage.commit([write])
        finally:
            # Whoever measures the tests writes to a database of its own at the exit.
            sys.setprofile(None)
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class TestReading:
    def test_finds_what_was_written(self, states: list[ModelState], storage: Backend) -> None:
        (state, other, *_) = states
        for n in range(3):
            (outcome,) = storage.commit([dataclasses.replace(one_learn(state), seq=n)])
            assert isinstance(outcome, int)
        storage.save_activity(one_prediction(other))

        found = storage.find_state(state.name)

        assert found == dataclasses.replace(state, seq=3)
        assert storage.find_state("nobody") is None
        assert [(one.first_seq, one.last_seq) for one in storage.segments(state, 1)] == [(2, 2), (3, 3)]
        assert [*storage.segments(other, 0)] == []
        assert storage.last_learned_at(other) == 0.0
        assert storage.last_learned_at(state) >= max(
            learn.learned_at for segment in storage.segments(state, 0) for learn in segment.learns
        )
        assert storage.default_name() == states[-1].name
        assert ServedModel.objects.get(name=other.name).n_predictions == 1
        assert storage.recent_names(1) == [state.name]
        assert storage.size_bytes() > 0

    def test_has_snapshots_newest_first_and_the_first_for_good(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        (state, *_) = states
        for seq in range(1, 3 + settings.SNAPSHOTS_KEPT):
            storage.save_snapshot(state, SnapshotData(seq=seq, model=b"model", metrics=b"metrics"))

        found = [snapshot.seq for snapshot in storage.snapshots(state)]

        assert found == [*range(2 + settings.SNAPSHOTS_KEPT, 2, -1), 0]

    def test_refuses_a_snapshot_that_somebody_has_changed(
        self, states: list[ModelState], storage: Backend
    ) -> None:
        Snapshot.objects.filter(model_id=states[0].model_id).update(model_bytes=b"another")

        with pytest.raises(ModelNotLoadable):
            next(storage.snapshots(states[0]))

    def test_writes_down_a_remark_once(self, states: list[ModelState], storage: Backend) -> None:
        (state, *_) = states
        for message in ("first", "second"):
            storage.add_remark(state, {"code": "odd", "message": message})
        storage.add_remark(dataclasses.replace(state, generation=9), {"code": "late", "message": "no"})

        assert ServedModel.objects.get(pk=state.model_id).remarks == [{"code": "odd", "message": "second"}]


class TestServing:
    def test_takes_turns(self, states: list[ModelState], storage: Backend) -> None:
        assert storage.enter_turn("model-0", 1.0)
        storage.leave_turn("model-0")
        assert storage.enter_turn("model-0", 1.0)
        storage.leave_turn("model-0")

    def test_has_its_duties(self, states: list[ModelState], storage: Backend) -> None:
        assert storage.holds_duties()
        assert storage.holds_duties()

    def test_can_be_written(self, states: list[ModelState], storage: Backend) -> None:
        storage.probe()
        storage.check_files()
