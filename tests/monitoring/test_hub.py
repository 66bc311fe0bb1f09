import asyncio
import gc
import threading
from collections.abc import Awaitable
from typing import TypeVar

from monitoring.streams import hub
from monitoring.streams.frames import FAREWELL, GREETING, KEEP_ALIVE, text_event
from monitoring.streams.hub import Channel, Listener
from tests.monitoring.streaming import listener_count, make_channel, messages, numbered, read_count

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    return await asyncio.wait_for(awaitable, 20)


def publish_from_threads(channel: Channel, *, threads: int, bursts: int, burst: int) -> None:
    """Publish from several threads at once, as the engine does; each burst has the thread's number."""

    def publish(thread: int) -> None:
        for n in range(bursts):
            channel.publish(numbered(range(thread * 10_000 + n * burst, thread * 10_000 + (n + 1) * burst)))

    workers = [threading.Thread(target=publish, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


class TestListener:
    def test_gets_a_comment_at_once_that_is_no_message(self) -> None:
        async def scenario() -> bytes:
            return await anext(make_channel().listen())

        first = asyncio.run(scenario())
        assert first == GREETING
        assert first.startswith(b": ")
        assert b"\n\n" not in first

    def test_gets_what_is_published_after_it_came(self) -> None:
        async def scenario() -> list[str]:
            channel = make_channel()
            channel.listen()
            channel.publish(numbered([1]))
            listener = channel.listen()
            channel.publish(numbered([2, 3]))
            return [message.data for message in await read_count(listener, 2)]

        assert asyncio.run(scenario()) == ["2", "3"]

    def test_is_woken_by_what_another_thread_publishes(self) -> None:
        async def scenario() -> list[str]:
            channel = make_channel()
            listener = channel.listen()
            assert await anext(listener) == GREETING
            waiting = asyncio.create_task(read_count(listener, 1))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(channel.publish, numbered([7]))
            return [message.data for message in await waiting]

        assert asyncio.run(scenario()) == ["7"]

    def test_gets_every_event_of_a_burst_in_order_with_two_others(self) -> None:
        async def scenario() -> list[list[int]]:
            channel = make_channel(max_events=2000)
            listeners = [channel.listen() for _ in range(3)]
            readers = [asyncio.create_task(read_count(listener, 2000)) for listener in listeners]
            await asyncio.to_thread(publish_from_threads, channel, threads=4, bursts=10, burst=50)
            return [[message.id for message in await reader] for reader in readers]

        for ids in asyncio.run(scenario()):
            assert ids == list(range(ids[0], ids[0] + 2000))

    def test_gets_many_events_in_one_write(self) -> None:
        async def scenario() -> bytes:
            channel = make_channel()
            listener = channel.listen()
            channel.publish(numbered(range(300)))
            assert await anext(listener) == GREETING
            return await anext(listener)

        assert len(messages(asyncio.run(scenario()))) == 300

    def test_gets_large_events_in_several_writes(self) -> None:
        async def scenario() -> list[int]:
            channel = make_channel(max_bytes=1 << 24)
            listener = channel.listen()
            channel.publish([text_event("count", "x" * 50_000) for _ in range(10)])
            assert await anext(listener) == GREETING
            sizes: list[int] = []
            while sum(sizes) < 500_000:
                sizes.append(len(await anext(listener)))
            return sizes

        sizes = asyncio.run(scenario())
        assert len(sizes) > 1
        assert max(sizes) < 200_000

    def test_gets_what_it_missed_when_it_comes_back(self) -> None:
        async def scenario() -> list[str]:
            channel = make_channel()
            first = channel.listen()
            channel.publish(numbered([1, 2]))
            position = (await read_count(first, 2))[-1].id
            first.close()
            assert channel.wants_events()
            channel.publish(numbered([3, 4]))
            second = channel.listen(after=position)
            channel.publish(numbered([5]))
            return [message.data for message in await read_count(second, 3)]

        assert asyncio.run(scenario()) == ["3", "4", "5"]

    def test_is_notified_when_it_comes_back_too_late(self) -> None:
        async def scenario() -> list[tuple[str, str]]:
            channel = make_channel(max_events=3)
            first = channel.listen()
            channel.publish(numbered([1]))
            position = (await read_count(first, 1))[-1].id
            channel.publish(numbered(range(2, 10)))
            second = channel.listen(after=position)
            stream = await read_count(second, 1)
            channel.publish(numbered([10]))
            stream += await read_count(second, 1)
            return [(message.event, message.data) for message in stream]

        assert asyncio.run(scenario()) == [("stream-reset", '{"channels": ["events"]}'), ("count", "10")]

    def test_goes_on_after_all_was_forgotten(self) -> None:
        async def scenario() -> list[tuple[str, str]]:
            channel = make_channel()
            listener = channel.listen()
            channel.publish(numbered([1]))
            await read_count(listener, 1)
            channel.publish(numbered([2]))
            channel.forget()
            stream = await read_count(listener, 1)
            channel.publish(numbered([3]))
            stream += await read_count(listener, 1)
            return [(message.event, message.data) for message in stream]

        assert asyncio.run(scenario()) == [("stream-reset", '{"channels": ["events"]}'), ("count", "3")]

    def test_can_come_back_from_the_id_of_a_reset(self) -> None:
        async def scenario() -> list[str]:
            channel = make_channel()
            lost = channel.listen(after=12)
            position = (await read_count(lost, 1))[0].id
            lost.close()
            channel.publish(numbered([1]))
            return [message.data for message in await read_count(channel.listen(after=position), 1)]

        assert asyncio.run(scenario()) == ["1"]

    def test_is_notified_when_nothing_was_kept_meanwhile(self) -> None:
        async def scenario() -> str:
            channel = make_channel(grace_seconds=0)
            first = channel.listen()
            channel.publish(numbered([1]))
            position = (await read_count(first, 1))[-1].id
            first.close()
            assert not channel.wants_events()
            return (await read_count(channel.listen(after=position), 1))[0].event

        assert asyncio.run(scenario()) == "stream-reset"

    def test_that_does_not_read_falls_out_and_is_notified_while_others_get_all(self) -> None:
        async def scenario() -> tuple[list[str], list[str]]:
            channel = make_channel(max_events=100)
            sleepy, awake = channel.listen(), channel.listen()
            assert await anext(sleepy) == GREETING
            got: list[str] = []
            for n in range(10):
                channel.publish(numbered(range(n * 50, n * 50 + 50)))
                got += [message.data for message in await read_count(awake, 50)]
            reported = [message.event for message in await read_count(sleepy, 1)]
            return got, reported

        got, reported = asyncio.run(scenario())
        assert got == [str(n) for n in range(500)]
        assert reported == ["stream-reset"]

    def test_gets_a_comment_while_nothing_happens(self) -> None:
        async def scenario() -> list[bytes]:
            listener = make_channel(keep_alive=0.01).listen()
            return [await soon(anext(listener)) for _ in range(3)]

        assert asyncio.run(scenario()) == [GREETING, KEEP_ALIVE, KEEP_ALIVE]

    def test_leaves_nothing_behind_when_it_is_cancelled(self) -> None:
        async def scenario() -> tuple[int, int, int]:
            channel = make_channel()
            listeners = [channel.listen() for _ in range(20)]
            tasks = [asyncio.create_task(read_count(listener, 1)) for listener in listeners]
            await asyncio.sleep(0.05)
            count = channel.listener_count()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return count, channel.listener_count(), len(asyncio.all_tasks())

        threads = threading.active_count()
        assert asyncio.run(scenario()) == (20, 0, 1)
        assert threading.active_count() == threads

    def test_leaves_nothing_behind_when_it_is_closed_before_the_first_read(self) -> None:
        async def scenario() -> int:
            channel = make_channel()
            listener = channel.listen()
            listener.close()
            listener.close()
            assert await read_to_the_end(listener) == GREETING
            return channel.listener_count()

        assert asyncio.run(scenario()) == 0

    def test_ends_when_it_is_closed_while_it_waits(self) -> None:
        async def scenario() -> bytes:
            listener = make_channel(keep_alive=0.05).listen()
            assert await anext(listener) == GREETING
            waiting = asyncio.create_task(read_to_the_end(listener))
            await asyncio.sleep(0.01)
            listener.close()
            return await soon(waiting)

        assert asyncio.run(scenario()) == KEEP_ALIVE

    def test_is_freed_from_memory_once_it_has_left(self) -> None:
        async def scenario() -> int:
            channel = make_channel()
            for _ in range(50):
                listener = channel.listen()
                channel.publish(numbered([1]))
                await read_count(listener, 1)
                listener.close()
            del listener
            await asyncio.sleep(0.02)
            gc.collect()
            return sum(isinstance(thing, Listener) for thing in gc.get_objects())

        assert asyncio.run(scenario()) == 0


class TestChannel:
    def test_wants_nothing_while_nobody_listens(self) -> None:
        channel = make_channel()
        assert not channel.wants_events()
        channel.publish(numbered([1]))
        assert len(channel) == 0

    def test_wants_events_while_somebody_listens_and_for_a_grace_time(self) -> None:
        async def scenario() -> None:
            channel = make_channel(grace_seconds=0.05)
            listener = channel.listen()
            assert channel.wants_events()
            channel.publish(numbered([1]))
            listener.close()
            assert len(channel) == 1
            await asyncio.sleep(0.06)
            # Forgotten at the first event that is not kept, not before.
            assert len(channel) == 1
            assert not channel.wants_events()
            assert len(channel) == 0

        asyncio.run(scenario())

    def test_moves_its_ids_once_however_often_it_is_asked(self) -> None:
        async def scenario() -> None:
            channel = make_channel(grace_seconds=0)
            channel.listen().close()
            before = channel._ring.last_id
            assert [channel.wants_events() for _ in range(5)] == [False] * 5
            assert channel._ring.last_id == before + 1

        asyncio.run(scenario())

    def test_ends_every_stream_after_what_was_published(self) -> None:
        async def scenario() -> tuple[list[bytes], int]:
            channel = make_channel()
            listeners = [channel.listen() for _ in range(3)]
            for listener in listeners:
                assert await anext(listener) == GREETING
            channel.publish(numbered([1]))
            await asyncio.to_thread(channel.end_streams)
            streams = [b"".join([chunk async for chunk in listener]) for listener in listeners]
            return streams, channel.listener_count()

        streams, count = asyncio.run(scenario())
        assert count == 0
        for stream in streams:
            assert [message.data for message in messages(stream)] == ["1"]
            assert stream.endswith(FAREWELL)

    def test_ends_streams_that_wait(self) -> None:
        async def scenario() -> bytes:
            channel = make_channel()
            listener = channel.listen()
            assert await anext(listener) == GREETING
            waiting = asyncio.create_task(read_to_the_end(listener))
            await asyncio.sleep(0.05)
            channel.end_streams()
            return await soon(waiting)

        assert asyncio.run(scenario()) == FAREWELL

    def test_serves_listeners_of_several_event_loops(self) -> None:
        channel = make_channel(max_events=5000)
        ready = threading.Barrier(4)
        got: list[list[int]] = []

        async def scenario() -> None:
            listener = channel.listen()
            ready.wait()
            got.append([message.id for message in await read_count(listener, 600)])

        threads = [threading.Thread(target=lambda: asyncio.run(scenario())) for _ in range(3)]
        for thread in threads:
            thread.start()
        ready.wait()
        publish_from_threads(channel, threads=2, bursts=30, burst=10)
        for thread in threads:
            thread.join()
        assert len(got) == 3
        assert got[0] == got[1] == got[2] == list(range(got[0][0], got[0][0] + 600))

    def test_forgets_listeners_whose_loop_was_closed(self) -> None:
        channel = make_channel()

        async def scenario() -> None:
            channel.listen()

        asyncio.run(scenario())
        assert channel.listener_count() == 1
        channel.publish(numbered([1]))
        assert channel.listener_count() == 0

    def test_wakes_a_loop_once_a_burst(self) -> None:
        async def scenario() -> list[int]:
            channel = make_channel(max_events=1000)
            listener = channel.listen()
            assert await anext(listener) == GREETING
            reading = asyncio.create_task(read_chunks(listener, count=300))
            await asyncio.sleep(0.02)
            for n in range(300):
                # Nothing is awaited in between: the loop sees all of them at its next turn.
                channel.publish(numbered([n]))
            return await soon(reading)

        assert asyncio.run(scenario()) == [300]


class TestHub:
    def test_has_one_channel_of_a_name_and_ends_the_streams_of_all(self) -> None:
        async def scenario() -> None:
            one, other = hub.get_channel("test-one"), hub.get_channel("test-other")
            assert one is hub.get_channel("test-one")
            listeners = [one.listen(), other.listen()]
            assert (listener_count("test-one"), listener_count("test-other")) == (1, 1)
            hub.close_all()
            for listener in listeners:
                assert (await soon(read_to_the_end(listener))).endswith(FAREWELL)
            assert (listener_count("test-one"), listener_count("test-other")) == (0, 0)

        asyncio.run(scenario())


async def read_to_the_end(listener: Listener) -> bytes:
    return b"".join([chunk async for chunk in listener])


async def read_chunks(listener: Listener, *, count: int) -> list[int]:
    """Return how many messages each write had, up to `count` in all."""
    counts: list[int] = []
    while sum(counts) < count:
        counts.append(len(messages(await anext(listener))))
    return counts
