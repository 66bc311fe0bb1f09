"""Group commit on a real database."""

import pickle
import threading
import time

import msgspec
import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from models_app.domain.errors import StorageUnavailable
from models_app.domain.learns import Learn
from models_app.engine.ports import Conflict, ModelState, Write
from models_app.models import JournalSegment, ServedModel
from models_app.models.commits import GroupCommit, _commit_together, _Entry, raw_connection
from models_app.models.storage import SqliteStorage
from models_app.models.transactions import writer_lock
from models_app.services.configuring import set_flavor
from models_app.services.uploading import upload_model
from tests.engine.models import Counting


@pytest.fixture
def states(transactional_db: None) -> list[ModelState]:
    set_flavor(flavor="regression", now=timezone.now())
    names = [f"model-{number}" for number in range(5)]
    for name in names:
        upload_model(data=pickle.dumps(Counting()), name=name, now=timezone.now())
    found = [SqliteStorage().find_state(name) for name in names]
    return [state for state in found if state is not None]


def one_learn(state: ModelState) -> Write:
    learn = Learn(
        prediction_id=None,
        features=msgspec.Raw(b"{}"),
        prediction=msgspec.Raw(b"0.0"),
        ground_truth=1.0,
        predicted_at=None,
        learned_at=time.time(),
    )
    return Write(state=state, learns=[learn])


class TestGroup:
    def test_is_one_transaction_and_one_conflict_is_not_the_others(self, states: list[ModelState]) -> None:
        ServedModel.objects.filter(pk=states[1].model_id).update(generation=2)
        entries = [_Entry(one_learn(state)) for state in states]
        statements: list[str] = []
        raw_connection().set_trace_callback(statements.append)

        _commit_together(entries)

        raw_connection().set_trace_callback(None)
        assert statements.count("COMMIT") == 1
        assert [type(entry.error) for entry in entries] == [type(None), Conflict, *[type(None)] * 3]
        assert set(JournalSegment.objects.values_list("pk", flat=True)) == {
            entry.segment_id for entry in entries if entry.error is None
        }
        assert list(ServedModel.objects.order_by("name").values_list("seq", flat=True)) == [1, 0, 1, 1, 1]

    def test_is_refused_whole_by_a_database_that_refuses(self, states: list[ModelState]) -> None:
        entries = [_Entry(one_learn(state)) for state in states[:2]]
        entries[1].learned = None  # type: ignore[assignment]  # what the table does not take

        _commit_together(entries)

        assert all(isinstance(entry.error, StorageUnavailable) for entry in entries)
        assert all(entry.is_done.is_set() for entry in entries)
        assert not JournalSegment.objects.exists()


class TestCommit:
    def test_serves_all_who_came_together(self, states: list[ModelState]) -> None:
        group, segments = GroupCommit(), []

        def work(state: ModelState) -> None:
            segments.append(group.commit(one_learn(state)))
            connections.close_all()

        threads = [threading.Thread(target=work, args=[state]) for state in states]
        with writer_lock():
            for thread in threads:
                thread.start()
        for thread in threads:
            thread.join()

        assert len(set(segments)) == len(states)
        assert JournalSegment.objects.count() == len(states)

    def test_is_withdrawn_when_the_writer_takes_too_long(
        self, states: list[ModelState], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "DATABASE_TIMEOUT", 0.05)
        group = GroupCommit()
        refusals = []

        def work() -> None:
            try:
                group.commit(one_learn(states[0]))
            except StorageUnavailable as refusal:
                refusals.append(refusal)

        with writer_lock():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        assert len(refusals) == 1
        assert not JournalSegment.objects.exists()
        assert group.commit(one_learn(states[0])) is not None
