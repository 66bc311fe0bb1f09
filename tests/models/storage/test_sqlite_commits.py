"""Commits of the engine, on a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from models_app.domain.errors import StorageUnavailable
from models_app.engine.ports import ModelState
from models_app.models import JournalSegment
from models_app.models.storage.sqlite.commits import Writer, to_column
from models_app.models.transactions import writer_lock
from tests.models.storage.writes import one_learn, seqs

pytestmark = pytest.mark.sqlite


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


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

    def test_drops_a_connection_that_is_broken(self, states: list[ModelState], writer: Writer) -> None:
        writer.commit([one_learn(states[0])])
        writer._raw().close()

        with pytest.raises(StorageUnavailable):
            writer.commit([one_learn(states[1])])

        assert writer._connection is None
        assert len(writer.commit([one_learn(states[2])])) == 1
        assert seqs() == [1, 0, 1, 0, 0]


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
