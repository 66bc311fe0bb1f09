"""What the engine writes, on a real database."""

import pickle
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.utils import timezone

from models_app.domain import learns
from models_app.domain.errors import StorageUnavailable
from models_app.domain.learns import Learn
from models_app.engine.ports import Conflict, ModelState, Pending, Write
from models_app.models import JournalSegment, PendingPrediction, ServedModel
from models_app.models.commits import Writer, to_column
from models_app.models.storage import SqliteStorage
from models_app.models.transactions import writer_lock
from models_app.services.configuring import set_flavor
from models_app.services.uploading import make_default, upload_model
from tests.engine.models import Counting


@pytest.fixture
def states(transactional_db: None) -> list[ModelState]:
    set_flavor(flavor="regression", now=timezone.now())
    names = [f"model-{number}" for number in range(5)]
    for name in names:
        upload_model(data=pickle.dumps(Counting()), name=name, now=timezone.now())
    found = [SqliteStorage().find_state(name) for name in names]
    return [state for state in found if state is not None]


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


def one_learn(state: ModelState, **options: Any) -> Write:
    learn = Learn(
        prediction_id=None,
        features=msgspec.Raw(b"{}"),
        prediction=msgspec.Raw(b"0.0"),
        ground_truth=1.0,
        predicted_at=None,
        learned_at=time.time(),
    )
    return Write(state=state, seq=state.seq, learns=[learn], **options)


def one_prediction(state: ModelState) -> Write:
    pending = Pending(
        prediction_id="1",
        model_id=state.model_id,
        model_name=state.name,
        token=7,
        features="{}",
        prediction="0.0",
        predicted_at=time.time(),
    )
    return Write(state=state, seq=state.seq, predicted={"1": pending}, n_predictions=1)


def seqs() -> list[int]:
    return list(ServedModel.objects.order_by("name").values_list("seq", flat=True))


class TestCommit:
    def test_is_one_transaction_for_all(self, states: list[ModelState], writer: Writer) -> None:
        statements: list[str] = []
        writer.commit([one_learn(states[0])])
        writer._raw().set_trace_callback(statements.append)

        segments = writer.commit([one_learn(state) for state in states[1:]])

        writer._raw().set_trace_callback(None)
        assert statements.count("COMMIT") == 1
        assert segments == list(JournalSegment.objects.order_by("pk").values_list("pk", flat=True))[1:]
        assert seqs() == [1] * 5

    def test_leaves_out_a_conflict_and_writes_the_others(
        self, states: list[ModelState], writer: Writer
    ) -> None:
        ServedModel.objects.filter(pk=states[1].model_id).update(generation=2)

        outcomes = writer.commit([one_learn(state) for state in states])

        assert [type(outcome) for outcome in outcomes] == [int, Conflict, int, int, int]
        assert set(JournalSegment.objects.values_list("pk", flat=True)) == {*outcomes} - {outcomes[1]}
        assert seqs() == [1, 0, 1, 1, 1]

    def test_undoes_a_claim_that_fails_among_several(self, states: list[ModelState], writer: Writer) -> None:
        claimed = [*one_prediction(states[1]).predicted.values()]
        writes = [one_learn(states[0]), one_learn(states[1], claimed=claimed), one_learn(states[2])]

        outcomes = writer.commit(writes)

        assert [type(outcome) for outcome in outcomes] == [int, Conflict, int]
        # Not even its seq has moved.
        assert seqs() == [1, 0, 1, 0, 0]
        assert JournalSegment.objects.count() == 2

    def test_drops_a_connection_that_is_broken(self, states: list[ModelState], writer: Writer) -> None:
        writer.commit([one_learn(states[0])])
        writer._raw().close()

        with pytest.raises(StorageUnavailable):
            writer.commit([one_learn(states[1])])

        assert writer._connection is None
        assert len(writer.commit([one_learn(states[2])])) == 1
        assert seqs() == [1, 0, 1, 0, 0]

    def test_leaves_nothing_of_a_lone_conflict(self, states: list[ModelState], writer: Writer) -> None:
        write = one_learn(states[0], claimed=[*one_prediction(states[0]).predicted.values()])

        (outcome,) = writer.commit([write])

        assert isinstance(outcome, Conflict)
        assert not JournalSegment.objects.exists()
        assert seqs() == [0] * 5

    def test_holds_to_the_seq_even_where_nothing_was_learned(
        self, states: list[ModelState], writer: Writer
    ) -> None:
        ServedModel.objects.filter(pk=states[0].model_id).update(seq=1)

        (outcome,) = writer.commit([one_prediction(states[0])])

        assert isinstance(outcome, Conflict)
        assert not PendingPrediction.objects.exists()

    def test_holds_to_the_default_where_the_batch_relies_on_it(
        self, states: list[ModelState], writer: Writer
    ) -> None:
        was_default = states[-1]
        make_default(name=states[0].name)

        relying, plain = writer.commit([one_learn(was_default, relies_on_default=True), one_learn(states[0])])

        assert isinstance(relying, Conflict)
        assert isinstance(plain, int)

    def test_is_refused_whole_by_a_database_that_refuses(
        self, states: list[ModelState], writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = iter(["[]", None])
        with monkeypatch.context() as patched:
            # None is what the table does not take.
            patched.setattr(learns, "encode", lambda _: next(texts))
            with pytest.raises(StorageUnavailable):
                writer.commit([one_learn(state) for state in states[:2]])

        assert not JournalSegment.objects.exists()
        assert len(writer.commit([one_learn(states[0])])) == 1

    def test_is_refused_when_others_write_for_too_long(
        self, states: list[ModelState], writer: Writer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "DATABASE_TIMEOUT", 0.05)
        refusals: list[Exception] = []

        def work() -> None:
            try:
                writer.commit([one_learn(states[0])])
            except StorageUnavailable as refusal:
                refusals.append(refusal)

        with writer_lock():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        assert len(refusals) == 1
        assert not JournalSegment.objects.exists()


class TestToColumn:
    @pytest.mark.parametrize("seconds", [0.0, 0.25, 1.0, 1_764_000_000.123456, 1_764_000_000.9999999])
    def test_writes_a_time_as_django_does(self, seconds: float) -> None:
        django = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)

        assert to_column(seconds) == str(django)


class TestClose:
    def test_gives_back_the_connection_and_the_next_commit_opens_another(
        self, states: list[ModelState], writer: Writer
    ) -> None:
        writer.commit([one_learn(states[0])])
        before = writer._raw()

        writer.close()
        writer.commit([one_learn(states[1])])

        assert writer._raw() is not before

    def test_leaves_the_connection_to_who_writes(self, states: list[ModelState], writer: Writer) -> None:
        writer.commit([one_learn(states[0])])
        before = writer._raw()

        with writer_lock():
            writer.close()

        assert writer._raw() is before
