import threading
import time

import pytest

from models_app.engine.gathering import Gathering, Patience

# Nobody could mistake it for anything else.
LONG = 60.0


class TestPatience:
    def test_follows_the_time_that_commits_take(self) -> None:
        patience = Patience()

        patience.committed(0.000_3)

        assert patience.seconds == pytest.approx(0.000_6)

    def test_has_an_end(self) -> None:
        patience = Patience()

        patience.committed(10.0)

        assert patience.seconds == 0.002


class TestGathering:
    @pytest.mark.parametrize(
        ("n_expected", "n_present", "waits"), [(0, 1, False), (2, 2, False), (2, 1, True)]
    )
    def test_waits_for_who_is_expected(self, n_expected: int, n_present: int, waits: bool) -> None:
        gathered = Gathering()
        gathered.expect(n_expected, now=10.0, patience=LONG)

        assert gathered.begin(n_present, now=11.0) is waits

    def test_does_not_wait_for_who_has_not_come_for_long(self) -> None:
        gathered = Gathering()
        gathered.expect(2, now=10.0, patience=LONG)

        assert not gathered.begin(1, now=71.0)

    def test_ends_when_all_are_there(self) -> None:
        gathered = Gathering()
        gathered.expect(3, now=10.0, patience=LONG)
        assert gathered.begin(1, now=10.0)
        waiting = threading.Thread(target=gathered.wait)
        waiting.start()

        gathered.arrived(2)
        gathered.arrived(3)
        gathered.arrived(4)

        waiting.join(timeout=30)
        assert not waiting.is_alive()
        gathered.end()

    def test_ends_with_whoever_is_there_when_it_takes_too_long(self) -> None:
        gathered = Gathering()
        gathered.expect(3, now=time.perf_counter(), patience=0.01)
        assert gathered.begin(1, now=time.perf_counter())

        gathered.wait()
        gathered.end()
        gathered.arrived(3)

        # Who came too late does not cut short the next wait.
        gathered.expect(2, now=10.0, patience=LONG)
        assert gathered.begin(1, now=10.0)
        assert not gathered._are_there.acquire(blocking=False)

    def test_forgets_who_came_just_when_the_wait_was_over(self) -> None:
        gathered = Gathering()
        gathered.expect(2, now=10.0, patience=LONG)
        assert gathered.begin(1, now=10.0)

        gathered.arrived(2)
        gathered.end()

        assert not gathered._are_there.acquire(blocking=False)
