import asyncio
import json
import logging
import threading
from collections.abc import Callable
from functools import partial

import pytest

from models_app.domain.errors import FlavorNotSet, StorageUnavailable
from monitoring.streams.hub import Channel
from monitoring.streams.publishers import Publisher
from tests.monitoring.serving import wait_until
from tests.monitoring.streaming import make_channel, read_count, read_until


class Counter:
    """Metrics that say how many learns there were, and how often they were computed."""

    def __init__(self) -> None:
        self.learns = 0
        self.computed = 0

    def __call__(self) -> dict[str, float | None]:
        self.computed += 1
        return {"learns": self.learns}


def make_publisher(
    channel: Channel, compute: Callable[[], dict[str, float | None]], *, interval: float = 0.05
) -> Publisher:
    return Publisher(channel=lambda: channel, compute=compute, interval_seconds=interval, idle_seconds=0.05)


def publisher_threads() -> int:
    return sum(thread.name == "publisher" for thread in threading.enumerate())


class TestPublisher:
    def test_publishes_after_a_learn(self) -> None:
        async def scenario() -> object:
            channel, metrics = make_channel(), Counter()
            listener = channel.listen()
            metrics.learns = 1
            make_publisher(channel, metrics).mark()
            [message] = await read_count(listener, 1)
            assert message.event == "message"
            return json.loads(message.data)

        assert asyncio.run(scenario()) == {"learns": 1}

    def test_publishes_the_newest_value_of_a_burst_and_few_others(self) -> None:
        async def scenario() -> tuple[int, int]:
            channel, metrics = make_channel(), Counter()
            publisher = make_publisher(channel, metrics)
            listener = channel.listen()
            for _ in range(5000):
                metrics.learns += 1
                publisher.mark()
            newest = json.dumps({"learns": 5000})
            found = await read_until(listener, lambda so_far: bool(so_far) and so_far[-1].data == newest)
            return len(found), metrics.computed

        count, computed = asyncio.run(scenario())
        assert count == computed
        assert count < 500

    def test_leaves_no_thread_behind_and_starts_again(self) -> None:
        async def scenario(publisher: Publisher, channel: Channel) -> None:
            listener = channel.listen()
            publisher.mark()
            await read_count(listener, 1)
            listener.close()

        channel = make_channel()
        publisher = make_publisher(channel, Counter())
        for _ in range(2):
            asyncio.run(scenario(publisher, channel))
            wait_until(lambda: publisher_threads() == 0)

    def test_goes_on_after_metrics_that_cannot_be_computed(self, caplog: pytest.LogCaptureFixture) -> None:
        outcomes: list[Exception | float] = [FlavorNotSet(), ZeroDivisionError("here"), 1.0]

        def compute() -> dict[str, float | None]:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return {"value": outcome}

        def has_left(count: int) -> bool:
            return len(outcomes) == count

        async def scenario() -> list[str]:
            channel = make_channel()
            listener = channel.listen()
            publisher = make_publisher(channel, compute)
            for left in (2, 1, 0):
                publisher.mark()
                await asyncio.to_thread(wait_until, partial(has_left, left))
            return [message.data for message in await read_count(listener, 1)]

        with caplog.at_level(logging.ERROR):
            assert asyncio.run(scenario()) == ['{"value": 1.0}']
        assert "ZeroDivisionError: here" in caplog.text

    def test_tries_again_where_the_database_is_busy(self) -> None:
        outcomes = [True, True, False]

        def compute() -> dict[str, float | None]:
            if outcomes.pop(0):
                raise StorageUnavailable("The database is locked.")
            return {"value": 2.0}

        async def scenario() -> list[str]:
            channel = make_channel()
            listener = channel.listen()
            make_publisher(channel, compute, interval=0.001).mark()
            return [message.data for message in await read_count(listener, 1)]

        assert asyncio.run(scenario()) == ['{"value": 2.0}']

    def test_publishes_nothing_where_nothing_is_new(self) -> None:
        computed: list[dict[str, float | None]] = [{}, {"value": 3.0}]

        async def scenario() -> list[str]:
            channel = make_channel()
            listener = channel.listen()
            publisher = make_publisher(channel, lambda: computed.pop(0))
            publisher.mark()
            await asyncio.to_thread(wait_until, lambda: len(computed) == 1)
            publisher.mark()
            return [message.data for message in await read_count(listener, 1)]

        assert asyncio.run(scenario()) == ['{"value": 3.0}']
