"""The queue of one model: whom it waits for."""

import time

import pytest

from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command
from models_app.engine.queues import ModelQueue, n_requests
from tests.engine.conftest import MakeEngine, Upload, learn
from tests.engine.models import Counting

# Nobody could mistake it for anything else.
LONG = 60.0


class Followed(Bundle):
    """Commands whose sender has the next ones at hand."""

    is_followed = True


def learns(n: int) -> list[Command]:
    return [learn("model", {}, 1.0) for _ in range(n)]


class TestNRequests:
    def test_counts_what_is_answered_together_once(self) -> None:
        together, alone = learns(3), learns(2)
        Bundle(together)

        assert n_requests([*together, *alone]) == 3

    def test_does_not_count_what_has_its_end_still_to_come(self) -> None:
        together = learns(3)
        Bundle(together)

        assert n_requests(together[:2]) == 0


class TestGathering:
    def test_waits_for_clients_and_all_of_a_bundle(self) -> None:
        queue, together = ModelQueue("model"), learns(3)
        Followed(together)
        queue.gathering.expect(2, now=10.0, patience=LONG)
        queue.add(together[0])
        assert queue.begin_gathering(now=10.0)

        queue.add(learns(1)[0])
        queue.add(together[1])
        assert queue.gathering._are_there.locked()

        queue.add(together[2])
        assert not queue.gathering._are_there.locked()

    def test_does_not_expect_who_has_come_again_already(self) -> None:
        queue, answered, following, others = ModelQueue("model"), learns(3), learns(2), learns(2)
        Followed(answered)
        Followed(following)
        for command in [*following, others[0]]:
            queue.add(command)

        assert queue.n_expected_after([*answered, others[1]]) == 3

    @pytest.mark.parametrize(("bundle", "n_expected"), [(Followed, 2), (Bundle, 0)])
    def test_is_for_clients_and_bundles_that_are_followed(
        self, make_engine: MakeEngine, upload: Upload, bundle: type[Bundle], n_expected: int
    ) -> None:
        engine, together, alone = make_engine(), learns(3), learns(1)
        upload(Counting())
        answered = [bundle(together).answered_in_thread(), alone[0].answered_in_thread()]

        engine.submit_many([*together, *alone])

        for future in answered:
            future.result(timeout=30)
        engine._wait_until_idle(time.monotonic() + 30)
        assert engine._queues["model"].gathering.n_expected == n_expected
