"""Two shards and a web process's way to them, all in this process, over real sockets and one database."""

import asyncio
import os
import random
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import uvloop
from django.db import connections

from models_app.domain.scoring import Scores
from models_app.engine.engine import Engine
from models_app.engine.engine_options import EngineOptions
from models_app.engine.ports import Event, Write
from models_app.shards.calling import CallTransport
from models_app.shards.cluster import Cluster, by_sockets, socket_of
from models_app.shards.desks import Desk
from models_app.shards.exchanges import Exchanges
from models_app.shards.links import Connector
from models_app.shards.listening import Listener
from models_app.shards.relaying import Relay
from models_app.shards.slots import shard_of
from tests.engine.conftest import Recorder, storage, upload
from tests.storages import OurStorage

__all__ = ["storage", "upload"]

N_SHARDS = 2
#: A model of each shard.
FIRST, SECOND = "a", "b"


class Telling(Recorder):
    """Tells a relay of commits, as a shard's services do."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self._relay = relay

    def wants_events(self) -> bool:
        return self._relay.wants_events()

    def committed(
        self, write: Write, segment_id: int | None, scores: Sequence[Scores], events: Sequence[Event]
    ) -> None:
        if events:
            self._relay.receive(events)


class Heard:
    """Somebody who listens in a web process, or not."""

    def __init__(self) -> None:
        self.wants = False
        self.events: list[Event] = []
        self.n_gaps = 0

    def wants_events(self) -> bool:
        return self.wants

    def publish(self, events: Sequence[Event]) -> None:
        self.events += events

    def missed(self) -> None:
        self.n_gaps += 1


class Actors:
    """Shards that are reached by calls, which overtake each other, in a loop of their own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._exchanges: list[Exchanges] = []
        self._draw = random.Random(1).random

    def add(self, desk: Desk) -> None:
        """Have another shard."""
        self._exchanges.append(Exchanges(desk))

    def connector(self, number: int) -> Connector:
        """Return what connects to a shard."""

        async def connect(protocol: asyncio.Protocol) -> None:
            token = os.urandom(16)
            await self._run(self._open(number, token))
            CallTransport(lambda message: self._send(number, message), token, protocol).begin()

        return connect

    def close(self) -> None:
        """End the loop, and what calls wait there."""
        asyncio.run_coroutine_threadsafe(self._cancel(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _cancel(self) -> None:
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _open(self, number: int, token: bytes) -> None:
        self._exchanges[number].open(token)

    async def _answer(self, number: int, message: bytes) -> bytes:
        await asyncio.sleep(self._draw() / 500)
        answer = await self._exchanges[number].answer(message)
        await asyncio.sleep(self._draw() / 500)
        return answer

    def _send(self, number: int, message: bytes) -> "Future[bytes]":
        return asyncio.run_coroutine_threadsafe(self._answer(number, message), self.loop)

    def _run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


class Shards:
    """The engines, their sockets and the cluster, whose loop runs in a thread."""

    def __init__(self, storage: OurStorage, folder: Path, *, by_calls: bool = False) -> None:
        self.actors = Actors() if by_calls else None
        self.storage = storage
        self.folder = folder
        self.notes: list[tuple[str, tuple[str, str], int]] = []
        self.relays = [Relay() for _ in range(N_SHARDS)]
        self.heard = Heard()
        self.engines: list[Engine] = []
        self.listeners: list[Listener] = []
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        for number in range(N_SHARDS):
            self.engines.append(self._engine(number))
            if self.actors is None:
                self.listeners.append(self.listen(number))
            else:
                self.actors.add(self._desk(number))
        self.cluster = self.connect(patience=20.0)

    def _engine(self, number: int) -> Engine:
        engine = Engine(
            self.storage,
            Telling(self.relays[number]),
            EngineOptions(threads=2),
            leave_thread=connections.close_all,
            owns=lambda name: shard_of(name, N_SHARDS) == number,
        )
        engine.start()
        return engine

    def _desk(self, number: int) -> Desk:
        return Desk(self.engines[number], make_note=self._make_note, relay=self.relays[number])

    def listen(self, number: int) -> Listener:
        """Have a shard be there."""
        listener = Listener(self._desk(number), socket_of(self.folder, number))
        threading.Thread(target=listener.serve, daemon=True).start()
        return listener

    def connect(self, *, patience: float) -> Cluster:
        """Return another web process's cluster."""
        cluster = Cluster(
            self.storage,
            connector=by_sockets(self.folder) if self.actors is None else self.actors.connector,
            n_shards=N_SHARDS,
            loop=self.loop,
            patience=patience,
            listener=self.heard,
        )
        cluster.start()
        return cluster

    def in_loop(self, work: Callable[[], Any]) -> Any:
        """Return what a function returns, or a coroutine of it, that is called in the loop."""

        async def run() -> Any:
            made = work()
            return await made if asyncio.iscoroutine(made) else made

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(30)

    def _make_note(self, name: str, actor: tuple[str, str]) -> Callable[[int], None]:
        return lambda seq: self.notes.append((name, actor, seq))

    def close(self) -> None:
        """End all of it."""
        self.cluster.stop(seconds=1)
        for listener in self.listeners:
            listener.close()
            listener.end()
        for engine in self.engines:
            engine.stop(seconds=5)
        if self.actors is not None:
            self.actors.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.fixture
def shards(storage: OurStorage, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shards]:
    """Return shards that are reached by sockets, or by `calls` where that is the parameter."""
    shards = Shards(storage, tmp_path, by_calls=getattr(request, "param", "") == "calls")
    yield shards
    shards.close()
