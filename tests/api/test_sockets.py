"""A WebSocket from the server's side: what it holds, and how it ends."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from models_app.api.flow_control import MAX_BATCHES, MAX_BYTES
from models_app.api.sockets import StreamConsumer
from models_app.services import runtime
from models_app.wire.limits import MAX_RECORDS
from tests.api.engines import engine_stops
from tests.own_models import Slow
from tests.services.instances import Instance

LEARN = '{"features": {"x": 1.0}, "ground_truth": true}'
LIMIT_SECONDS = 30


class Peer:
    """A server's queues, between the consumer and a client."""

    def __init__(self, **scope: object) -> None:
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.is_gone = False
        # Cleared while the client takes nothing.
        self.reads = asyncio.Event()
        self.reads.set()
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.serving = asyncio.create_task(
            StreamConsumer.as_asgi()({"type": "websocket", **scope}, self._incoming.get, self._send)
        )

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if self.is_gone:
            raise ConnectionResetError
        self.outgoing.put_nowait(message)

    def send(self, message: str | bytes) -> None:
        kind = "text" if isinstance(message, str) else "bytes"
        self._incoming.put_nowait({"type": "websocket.receive", kind: message})

    def leave(self) -> None:
        self.is_gone = True
        self.reads.set()
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.outgoing.get(), LIMIT_SECONDS)

    async def answer(self) -> Any:
        """Return the next answer."""
        message = await self.next()
        assert message["type"] == "websocket.send"
        return json.loads(message["text"])

    async def ended(self) -> None:
        """Wait for the consumer's end, at which no task is left."""
        await asyncio.wait_for(self.serving, LIMIT_SECONDS)
        assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()

    @property
    def n_waiting(self) -> int:
        """The messages that the consumer has not read yet."""
        return self._incoming.qsize()

    async def until_idle(self) -> None:
        """Wait until all that will be read has been."""
        left = -1
        async with asyncio.timeout(LIMIT_SECONDS):
            while left != self.n_waiting:
                left = self.n_waiting
                await asyncio.sleep(0.02)


@pytest.fixture
def served(instance: Instance) -> Instance:
    instance.upload("model")
    return instance


async def connected() -> Peer:
    peer = Peer()
    assert (await peer.next())["type"] == "websocket.accept"
    return peer


def run(conversation: Callable[[Peer], Any]) -> None:
    """Have a conversation with a consumer."""

    async def talk() -> None:
        await conversation(await connected())

    asyncio.run(talk())


class TestStreamConsumer:
    def test_refuses_unknown_parameters_of_a_server_that_can_say_no_more_than_no(self) -> None:
        async def talk() -> None:
            peer = Peer(query_string=b"model=m")
            assert await peer.next() == {"type": "websocket.close", "code": 1008}
            await peer.ended()

        asyncio.run(talk())

    def test_answers_texts_and_bytes_records_and_lists(self, served: Instance) -> None:
        async def talk(peer: Peer) -> None:
            peer.send(LEARN)
            peer.send(LEARN.encode())
            peer.send(f'[{LEARN}, {{"features": {{}}, "ref": 1}}, 5]')
            peer.send("[]")
            peer.send(b"")
            assert await peer.answer() == {}
            assert await peer.answer() == {}
            learned, predicted, refused = await peer.answer()
            assert (learned, predicted["ref"], refused["error"]) == ({}, 1, "invalid_request")
            assert await peer.answer() == []
            assert (await peer.answer())["error"] == "invalid_request"
            peer.leave()
            await peer.ended()

        run(talk)
        assert served.state("model").seq == 3

    def test_reads_no_further_than_its_bound_while_nobody_takes_answers(self, served: Instance) -> None:
        n_messages = 500

        async def talk(peer: Peer) -> None:
            peer.reads.clear()
            for _ in range(n_messages):
                peer.send(LEARN)
            await peer.until_idle()
            # One waits for room, and channels holds the next.
            assert n_messages - peer.n_waiting <= MAX_BATCHES + 2

            peer.reads.set()
            assert [await peer.answer() for _ in range(n_messages)] == [{}] * n_messages
            peer.leave()
            await peer.ended()

        run(talk)
        assert served.state("model").seq == n_messages

    def test_counts_bytes_too(self, served: Instance) -> None:
        quarter = "x" * (MAX_BYTES // 4)

        async def talk(peer: Peer) -> None:
            peer.reads.clear()
            for _ in range(20):
                peer.send(f'{{"features": {{}}, "ref": "{quarter}"}}')
            await peer.until_idle()
            assert 20 - peer.n_waiting <= 4 + 2
            peer.leave()
            await peer.ended()

        run(talk)

    def test_lets_go_of_a_client_that_vanishes_with_messages_under_way(self, instance: Instance) -> None:
        instance.upload("slow", Slow())

        async def talk(peer: Peer) -> None:
            peer.send(LEARN)
            assert await peer.answer() == {}
            for _ in range(200):
                peer.send(LEARN)
            await peer.until_idle()
            peer.leave()
            await peer.ended()

        run(talk)
        # What was submitted is done all the same.
        runtime.stop_engine(seconds=30)
        assert 0 <= instance.state("slow").seq - 1 - MAX_BATCHES <= 2

    def test_lets_go_when_its_server_gives_it_up(self, instance: Instance) -> None:
        instance.upload("slow", Slow())

        async def talk(peer: Peer) -> None:
            peer.send(LEARN)
            await peer.until_idle()
            peer.serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await peer.ended()
            assert {task for task in asyncio.all_tasks() if task is not asyncio.current_task()} == set()

        run(talk)

    def test_answers_what_came_before_a_list_that_is_too_long(self, served: Instance) -> None:
        async def talk(peer: Peer) -> None:
            peer.send(LEARN)
            peer.send("[" + ",".join(["1"] * MAX_RECORDS) + "]")
            peer.send("[" + ",".join(["1"] * (MAX_RECORDS + 1)) + "]")
            peer.send(LEARN)
            assert await peer.answer() == {}
            assert len(await peer.answer()) == MAX_RECORDS
            assert await peer.next() == {
                "type": "websocket.close",
                "code": 1009,
                "reason": "A message may have 10000 records at the most.",
            }
            await peer.until_idle()
            peer.leave()
            await peer.ended()

        run(talk)
        assert served.state("model").seq == 1

    def test_goes_away_with_the_engine(self, served: Instance) -> None:
        async def talk(peer: Peer) -> None:
            peer.send(LEARN)
            assert await peer.answer() == {}
            engine_stops()
            peer.send(LEARN)
            closing = await peer.next()
            assert (closing["type"], closing["code"]) == ("websocket.close", 1001)
            peer.leave()
            await peer.ended()

        run(talk)
