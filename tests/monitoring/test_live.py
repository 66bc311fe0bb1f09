import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from monitoring.streams import live
from monitoring.streams.channels import EVENTS, METRICS, MODELS
from monitoring.streams.frames import FAREWELL, GREETING, KEEP_ALIVE, StreamEvent, text_event
from monitoring.streams.hub import close_all, get_channel
from monitoring.streams.live import LiveStream
from monitoring.streams.taps import MAX_RARE, Tap
from tests.monitoring.serving import Server, open_socket, running_server, wait_until
from tests.monitoring.streaming import listener_count


@pytest.fixture(autouse=True)
def _channels_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.streams.hub._channels", {})
    monkeypatch.setattr(live, "PACE_SECONDS", 0.01)


def learned(number: int, model: str = "m") -> StreamEvent:
    return text_event("learn", str(number), model=model)


def drifted(number: int, model: str = "m") -> StreamEvent:
    return text_event("drift", str(number), model=model)


def with_ids(events: list[StreamEvent]) -> list[StreamEvent]:
    for number, event in enumerate(events, start=1):
        event.id = number
    return events


def parse(stream: bytes) -> list[tuple[str, Any]]:
    """Return what a browser makes of a stream: names and data, comments apart."""
    found = []
    for block in stream.decode().split("\n\n")[:-1]:
        name, data = (line.partition(": ")[2] for line in block.split("\n")[-2:])
        found.append((name, json.loads(data)))
    return found


async def read_until(stream: LiveStream, is_enough: Callable[[list[tuple[str, Any]]], bool]) -> list[Any]:
    received = b""
    async with asyncio.timeout(20):
        while not is_enough(parse(received)):
            received += await anext(stream)
    return parse(received)


class TestTap:
    def test_has_the_newest_and_counts_the_others(self) -> None:
        tap = Tap(n_newest=3)
        events = with_ids([learned(number) for number in range(1_000)])
        for start in range(0, 1_000, 7):
            tap.offer(events[start : start + 7])

        taken, n_left_out = tap.take()

        assert [event.id for event in taken] == [998, 999, 1_000]
        assert n_left_out == 997
        assert tap.take() == ([], 0)

    def test_leaves_out_no_drift_and_keeps_the_order(self) -> None:
        tap = Tap(n_newest=2)
        events = with_ids(
            [drifted(0), *(learned(number) for number in range(1, 50)), drifted(50), learned(51)]
        )
        tap.offer(events)

        taken, n_left_out = tap.take()

        assert [event.id for event in taken] == [1, 51, 52]
        assert n_left_out == 49

    def test_is_about_its_models(self) -> None:
        tap = Tap(n_newest=2, models=frozenset({"a", "b"}))
        tap.offer(with_ids([learned(1, "a"), learned(2, "c"), learned(3, "b"), learned(4, "c")]))

        taken, n_left_out = tap.take()

        assert [event.model for event in taken] == ["a", "b"]
        assert n_left_out == 0

    def test_is_bounded_even_where_there_is_nothing_but_drift(self) -> None:
        tap = Tap(n_newest=2)
        tap.offer(with_ids([drifted(number) for number in range(10 * MAX_RARE)]))

        taken, n_left_out = tap.take()

        assert len(taken) == MAX_RARE
        assert n_left_out == 9 * MAX_RARE


class TestLiveStream:
    def test_reports_every_channel(self) -> None:
        async def scenario() -> list[Any]:
            stream = LiveStream(models=None)
            assert await anext(stream) == GREETING
            get_channel(EVENTS).publish([learned(1), drifted(2)])
            get_channel(METRICS).publish([text_event("message", "3"), text_event("message", "4")])
            get_channel(MODELS).publish([text_event("message", "5"), text_event("message", "6")])
            found = await read_until(stream, lambda so_far: ("models", 6) in so_far)
            stream.close()
            return found

        assert asyncio.run(scenario()) == [
            ("learn", 1), ("drift", 2), ("metrics", 4), ("models", 5), ("models", 6)
        ]  # fmt: skip

    def test_reports_one_model_alone(self) -> None:
        async def scenario() -> list[Any]:
            stream = LiveStream(models=frozenset({"m"}))
            assert not get_channel(METRICS).wants_events()
            get_channel(EVENTS).publish([learned(1), learned(2, "other"), learned(3)])
            found = await read_until(stream, lambda so_far: len(so_far) == 2)
            stream.close()
            return found

        assert asyncio.run(scenario()) == [("learn", 1), ("learn", 3)]

    def test_sends_little_of_a_flood_and_says_how_much_it_left_out(self) -> None:
        async def scenario() -> tuple[list[Any], int]:
            stream = LiveStream(models=None)
            n_writes = 0
            received: list[Any] = []
            for burst in range(100):
                get_channel(EVENTS).publish([learned(burst) for _ in range(500)])
            get_channel(EVENTS).publish([learned(-1)])
            async with asyncio.timeout(20):
                while ("learn", -1) not in received:
                    received += parse(await anext(stream))
                    n_writes += 1
            stream.close()
            return received, n_writes

        received, n_writes = asyncio.run(scenario())
        shown = [data for name, data in received if name == "learn"]
        skipped = sum(data["n"] for name, data in received if name == "skipped")
        assert len(shown) <= live.N_NEWEST * n_writes
        assert len(shown) + skipped == 50_001

    def test_waits_the_longer_the_more_it_has_sent(self) -> None:
        async def scenario() -> float:
            stream = LiveStream(models=None)
            await anext(stream)
            loop = asyncio.get_running_loop()
            large = json.dumps("x" * live.BYTES_PER_SECOND)
            get_channel(EVENTS).publish([text_event("learn", large)])
            await anext(stream)
            started_at = loop.time()
            get_channel(EVENTS).publish([learned(2)])
            await anext(stream)
            stream.close()
            return loop.time() - started_at

        assert asyncio.run(scenario()) >= 0.99

    def test_keeps_a_quiet_connection_alive(self) -> None:
        async def scenario() -> list[bytes]:
            stream = LiveStream(models=None, keep_alive_seconds=0.02)
            found = [await anext(stream) for _ in range(3)]
            stream.close()
            return found

        assert asyncio.run(scenario()) == [GREETING, KEEP_ALIVE, KEEP_ALIVE]

    def test_ends_with_the_server(self) -> None:
        async def scenario() -> list[bytes]:
            stream = LiveStream(models=None)
            close_all()
            return [chunk async for chunk in stream]

        assert asyncio.run(scenario()) == [GREETING, FAREWELL]
        assert [listener_count(name) for name in (EVENTS, METRICS, MODELS)] == [0, 0, 0]

    def test_leaves_the_channels_where_its_reader_is_cancelled(self) -> None:
        async def scenario() -> None:
            stream = LiveStream(models=None)
            await anext(stream)
            reader = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

        asyncio.run(scenario())
        for name in (EVENTS, METRICS, MODELS):
            assert not get_channel(name).wants_events()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


class TestRoute:
    def test_serves_the_models_that_are_asked_for(self, server: Server) -> None:
        with httpx.stream("GET", f"{server.url}/live", params={"model": ["a", "b"]}) as response:
            assert response.status_code == 200
            chunks = response.iter_raw()
            assert next(chunks) == GREETING
            get_channel(EVENTS).publish([learned(1, "c"), learned(2, "a"), learned(3, "b")])
            assert parse(next(chunks)) == [("learn", 2), ("learn", 3)]
            assert listener_count(METRICS) == 0

    def test_leaves_no_listener_of_clients_that_vanish(self, server: Server) -> None:
        connection = open_socket(server, "live")
        wait_until(lambda: listener_count(MODELS) == 1)
        connection.close()
        wait_until(lambda: not any(listener_count(name) for name in (EVENTS, METRICS, MODELS)))
