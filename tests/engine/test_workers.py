"""The engine's threads, without an engine."""

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from models_app.engine.queues import ModelQueue
from models_app.engine.workers import Workers
from tests.servers.waiting import wait_until

MakePool = Callable[..., "Pool"]


class Pool:
    """Workers that note what they do."""

    def __init__(self, n_threads: int) -> None:
        self.served: list[tuple[str, str]] = []
        self.settled: list[str] = []
        self.left: list[str] = []
        self.opens = {"stuck": threading.Event(), "stuck too": threading.Event()}
        self.on_serving: dict[str, Callable[[], None]] = {}
        self.on_settling: Callable[[], None] = lambda: None
        self._unsettled: list[str] = []
        self.workers = Workers(serve=self._serve, settle=self._settle, leave=self._leave)
        self.workers.start(n_threads)

    def _serve(self, queue: ModelQueue) -> None:
        self.on_serving.get(queue.name, lambda: None)()
        if queue.name in self.opens:
            self.opens[queue.name].wait(60)
        self.served.append((queue.name, threading.current_thread().name))
        self._unsettled.append(queue.name)

    def _settle(self) -> bool:
        self.on_settling()
        names, self._unsettled = self._unsettled, []
        self.settled += names
        return bool(names)

    def _leave(self) -> None:
        self.left.append(threading.current_thread().name)

    def put(self, *names: str) -> None:
        for name in names:
            self.workers.put(ModelQueue(name))

    def rests(self) -> bool:
        return len(self.workers._resting) == len(self.workers._workers)


@pytest.fixture
def make_pool() -> Iterator[MakePool]:
    pools: list[Pool] = []

    def make(n_threads: int) -> Pool:
        pool = Pool(n_threads)
        pools.append(pool)
        wait_until(pool.rests)
        return pool

    yield make
    for pool in pools:
        for event in pool.opens.values():
            event.set()
        pool.workers.end(time.monotonic() + 10)


@pytest.fixture
def quick_thread() -> Iterator[None]:
    """Whoever runs goes on running until it waits."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(10)
    yield
    sys.setswitchinterval(before)


class TestWorkers:
    def test_wake_the_one_that_rested_last(self, make_pool: MakePool) -> None:
        pool = make_pool(4)

        for number in range(20):
            pool.put(str(number))
            wait_until(lambda: pool.rests() and len(pool.settled) > number)  # noqa: B023  # asked at once

        assert len({thread for _, thread in pool.served}) == 1

    def test_serve_and_settle_everything(self, make_pool: MakePool) -> None:
        pool = make_pool(3)
        names = [str(number) for number in range(500)]

        pool.put(*names)

        wait_until(lambda: len(pool.settled) == 500)
        assert sorted(name for name, _ in pool.served) == sorted(names)

    def test_serve_others_while_one_is_stuck(self, make_pool: MakePool) -> None:
        pool = make_pool(2)

        pool.put("before", "stuck", "after")

        wait_until(lambda: sorted(pool.settled) == ["after", "before"])

    def test_settle_what_was_served_while_those_who_come_next_are_stuck(
        self, make_pool: MakePool, quick_thread: None
    ) -> None:
        pool = make_pool(3)
        pool.on_serving["first"] = lambda: pool.put("stuck", "stuck too")

        # Who served "first" takes one of them before the thread woken for it, which takes the other.
        pool.put("first")

        wait_until(lambda: pool.settled == ["first"])

    def test_settle_after_each_when_nobody_rests(self, make_pool: MakePool) -> None:
        pool = make_pool(1)

        # The only thread that is there would come to settle "before" when it is through with "stuck".
        pool.put("before", "stuck")

        wait_until(lambda: pool.settled == ["before"])

    def test_serve_again_what_is_put_by_one_of_them(self, make_pool: MakePool) -> None:
        pool = make_pool(2)
        queue, rounds = ModelQueue("again"), []

        def serve(queue: ModelQueue) -> None:
            rounds.append(queue.name)
            if len(rounds) < 5:
                pool.workers.put_again(queue)

        pool.workers._serve = serve
        pool.workers.put(queue)

        wait_until(lambda: len(rounds) == 5)

    def test_serve_what_comes_just_before_they_rest(self, make_pool: MakePool) -> None:
        pool = make_pool(1)
        names = ["second", "third"]

        def put_next() -> None:
            if pool.settled and names:
                pool.put(names.pop(0))

        pool.on_settling = put_next
        pool.put("first")

        wait_until(lambda: pool.settled == ["first", "second", "third"])

    def test_end_when_nothing_waits_and_leave_one_by_one(self, make_pool: MakePool) -> None:
        pool = make_pool(3)
        pool.put("stuck", "last")
        pool.opens["stuck"].set()

        pool.workers.end(time.monotonic() + 60)

        assert sorted(pool.left) == ["engine-0", "engine-1", "engine-2"]
        assert sorted(pool.settled) == ["last", "stuck"]
        assert not pool.workers.are_alive

    def test_are_not_waited_for_beyond_the_deadline(self, make_pool: MakePool) -> None:
        pool = make_pool(2)
        pool.put("stuck", "stuck too")

        pool.workers.end(time.monotonic() + 0.05)

        assert pool.left == []
