"""What PostgreSQL needs beside the battery: commits of several writers, and who follows them."""

import random
import threading
import time

import pytest
from django.db import connection, connections, transaction

from models_app.domain.errors import StorageUnavailable
from models_app.engine.ports import Conflict, ModelState
from models_app.journal.positions import Position
from models_app.journal.reading import scored_after
from models_app.models import JournalSegment, ServedModel
from models_app.models.storage import get_storage
from models_app.models.storage.postgresql.turns import Turns
from tests.models.storage.writes import one_learn, one_prediction
from tests.servers.waiting import wait_until

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL")

N_WRITERS, N_COMMITS = 4, 25


def _write_slowly(state: ModelState, seed: int) -> None:
    """Commit segments, each in a transaction that stays open for a while after it has got its id."""
    draw = random.Random(seed)
    for seq in range(N_COMMITS):
        with transaction.atomic():
            JournalSegment.objects.bulk_create(
                [
                    JournalSegment(
                        model_id=state.model_id,
                        generation=state.generation,
                        first_seq=seq + 1,
                        last_seq=seq + 1,
                        learns="[]",
                        committed_at="2026-01-01T00:00:00Z",
                        commit_xid=_own_xid(),
                    )
                ]
            )
            time.sleep(draw.random() * 0.02)
    connections.close_all()


def _own_xid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


class TestFollower:
    def test_misses_nothing_of_slow_transactions(self, states: list[ModelState]) -> None:
        threads = [
            threading.Thread(target=_write_slowly, args=(state, number))
            for number, state in enumerate(states[:N_WRITERS])
        ]
        for thread in threads:
            thread.start()
        position, followed = Position(), 0
        deadline = time.monotonic() + 60
        while followed < N_WRITERS * N_COMMITS and time.monotonic() < deadline:
            for piece in scored_after(position):
                assert piece.ends_at > position
                position = piece.ends_at
                followed += 1
        for thread in threads:
            thread.join()

        assert followed == JournalSegment.objects.count() == N_WRITERS * N_COMMITS

    def test_waits_for_a_transaction_that_began_before(self, states: list[ModelState]) -> None:
        begun, may_end = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                _own_xid()
                begun.set()
                may_end.wait(30)
            connections.close_all()

        holding = threading.Thread(target=hold)
        holding.start()
        begun.wait(30)
        get_storage().commit([one_learn(states[0])])

        seen_meanwhile = scored_after(Position())
        may_end.set()
        holding.join()

        assert seen_meanwhile == []
        assert len(scored_after(Position())) == 1


class TestCommits:
    def test_of_what_touches_the_same_are_done_one_after_the_other(self, states: list[ModelState]) -> None:

        storage = get_storage()
        storage.commit([one_prediction(states[0])])
        claimed = [*storage.pending(["1"]).values()]

        first, second = storage.commit(
            [one_learn(states[0], claimed=claimed), one_learn(states[1], claimed=claimed)]
        )

        assert isinstance(first, int)
        assert isinstance(second, Conflict)

    def test_may_learn_an_id_and_predict_it_anew(self, states: list[ModelState]) -> None:

        storage = get_storage()
        storage.commit([one_prediction(states[0])])
        claimed = [*storage.pending(["1"]).values()]

        (outcome,) = storage.commit(
            [one_learn(states[0], claimed=claimed, predicted=one_prediction(states[0]).predicted)]
        )

        assert isinstance(outcome, int)
        assert list(storage.pending(["1"])) == ["1"]

    def test_count_beyond_what_fits_two_bytes(self, states: list[ModelState]) -> None:

        ServedModel.objects.filter(pk=states[0].model_id).update(seq=32_767)
        write = one_learn(states[0])
        write.seq = 32_767

        (outcome,) = get_storage().commit([write])

        assert isinstance(outcome, int)
        assert ServedModel.objects.get(pk=states[0].model_id).seq == 32_768

    def test_find_a_server_again_that_was_away(self, states: list[ModelState]) -> None:
        storage = get_storage()
        storage.commit([one_learn(states[0])])
        _end_other_sessions()

        with pytest.raises(StorageUnavailable):
            storage.commit([one_learn(states[1])])

        assert isinstance(storage.commit([one_learn(states[1])])[0], int)


class TestDuties:
    def test_are_those_of_one_until_it_loses_the_database(self, states: list[ModelState]) -> None:
        first, second = Turns(), Turns()
        try:
            assert (first.hold_duties(), second.hold_duties(), first.hold_duties()) == (True, False, True)
            _end_other_sessions()

            # Who had them says so, though nobody else has them yet: between two looks somebody may have had.
            assert not first.hold_duties()
            wait_until(second.hold_duties)
            assert not first.hold_duties()
        finally:
            first.close()
            second.close()
            # Its connection is lost, too.
            get_storage().close()


def _end_other_sessions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
