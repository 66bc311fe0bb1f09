"""An exchange from the server's side: what it holds, and how it ends."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from models_app.api import exchanges
from models_app.api.exchanges import Lines, exchange
from models_app.api.flow_control import MAX_BATCHES
from models_app.services import runtime
from tests.api.engines import engine_stops
from tests.own_models import Slow
from tests.services.instances import Instance
from web.answers import ExchangeResponse

LEARN = b'{"features": {"x": 1.0}, "ground_truth": true}\n'
BAD = b"no record\n"
LIMIT_SECONDS = 30


class Body:
    """A request's body, sent piece by piece."""

    def __init__(self, *pieces: bytes, ends: bool = False) -> None:
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for piece in pieces:
            self.send(piece)
        if ends:
            self.send(b"", more=False)

    async def receive(self) -> dict[str, Any]:
        return await self._messages.get()

    def send(self, piece: bytes, *, more: bool = True) -> None:
        self._messages.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def break_off(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})

    @property
    def n_waiting(self) -> int:
        """The pieces that nobody has read yet."""
        return self._messages.qsize()


@pytest.fixture
def served(instance: Instance) -> Instance:
    instance.upload("model")
    return instance


@pytest.fixture
def no_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave no place for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))


async def rest_of(answers: AsyncIterator[bytes]) -> list[Any]:
    async with asyncio.timeout(LIMIT_SECONDS):
        return [json.loads(line) for part in [part async for part in answers] for line in part.splitlines()]


def others() -> set["asyncio.Task[Any]"]:
    """Return the tasks that are left beside the test's own."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def until_idle(body: Body) -> None:
    """Wait until all of a body that will be read has been."""
    left = -1
    async with asyncio.timeout(LIMIT_SECONDS):
        while left != body.n_waiting:
            left = body.n_waiting
            await asyncio.sleep(0.02)


class TestExchange:
    def test_answers_each_line_before_the_next_is_sent(self, served: Instance) -> None:
        async def run() -> None:
            body = Body()
            answers = exchange(Lines(body.receive))
            for _ in range(3):
                body.send(LEARN)
                assert await anext(answers) == b"{}\n"
            body.send(b"", more=False)
            assert await rest_of(answers) == []
            assert others() == set()

        asyncio.run(run())
        assert served.state("model").seq == 3

    def test_counts_lines_over_all_the_pieces(self, served: Instance) -> None:
        async def run() -> list[Any]:
            body = Body(LEARN * 2500, BAD, LEARN, BAD[:2], BAD[2:], ends=True)
            return await rest_of(exchange(Lines(body.receive)))

        found = asyncio.run(run())

        assert len(found) == 2503
        assert [(n, answer["line"]) for n, answer in enumerate(found, start=1) if answer] == [
            (2501, 2501),
            (2503, 2503),
        ]
        assert served.state("model").seq == 2501

    def test_reads_no_further_than_a_model_comes_along(self, instance: Instance) -> None:
        instance.upload("slow", Slow())

        async def run() -> None:
            n_pieces = 2 * MAX_BATCHES
            body = Body(LEARN)
            answers = exchange(Lines(body.receive))
            assert await anext(answers) == b"{}\n"
            for _ in range(n_pieces):
                body.send(LEARN)
            first = asyncio.create_task(anext(answers))
            await until_idle(body)
            assert body.n_waiting >= n_pieces - MAX_BATCHES - 2
            await first
            await answers.aclose()
            assert others() == set()

        asyncio.run(run())

    def test_lets_go_of_everything_when_it_is_cut_off_in_the_middle(self, instance: Instance) -> None:
        instance.upload("slow", Slow())

        async def run() -> None:
            body = Body(LEARN)
            response = ExchangeResponse(exchange(Lines(body.receive)))
            answers = aiter(response)
            assert await anext(answers) == b"{}\n"
            # The window is full, and its first batch takes long.
            for piece in [LEARN * 60, *[LEARN] * 2 * MAX_BATCHES]:
                body.send(piece)
            sending = asyncio.create_task(rest_of(answers))
            await until_idle(body)

            sending.cancel()
            await asyncio.wait([sending], timeout=LIMIT_SECONDS)

            assert sending.cancelled()
            assert others() == set()

        asyncio.run(run())
        assert exchanges._open == set()

    def test_does_what_was_sent_whole_before_its_client_broke_off(self, served: Instance) -> None:
        async def run() -> list[Any]:
            body = Body(LEARN * 3 + LEARN[:-2])
            body.break_off()
            return await rest_of(exchange(Lines(body.receive)))

        assert asyncio.run(run()) == [{}] * 3
        assert served.state("model").seq == 3

    def test_breaks_off_when_answers_can_be_kept_nowhere(
        self, served: Instance, monkeypatch: pytest.MonkeyPatch, no_space: None
    ) -> None:
        monkeypatch.setattr(exchanges, "_SPOOLED_IN_MEMORY", 100)

        async def run() -> None:
            body = Body(*[BAD * 100] * 20)
            answers = exchange(Lines(body.receive))
            # Whoever reads the answers must not take them for all.
            with pytest.raises(ExceptionGroup) as raised:
                await rest_of(answers)
            assert raised.group_contains(OSError)
            assert others() == set()

        asyncio.run(run())

    def test_ends_when_the_server_stops_and_says_where(self, served: Instance) -> None:
        async def run() -> list[Any]:
            body = Body(LEARN * 3)
            answers = exchange(Lines(body.receive))
            taken = b""
            while taken.count(b"\n") < 3:
                taken += await anext(answers)
            await asyncio.to_thread(runtime.announce_shutdown)
            return await rest_of(answers)

        assert asyncio.run(run()) == [
            {"error": "server_stopping", "message": "The server is stopping.", "line": 4}
        ]
        assert exchanges._open == set()

    def test_ends_when_the_engine_takes_no_more(self, served: Instance) -> None:
        async def run() -> list[Any]:
            body = Body(LEARN * 2)
            answers = exchange(Lines(body.receive))
            assert await anext(answers) == b"{}\n{}\n"
            engine_stops()
            body.send(LEARN)
            return await rest_of(answers)

        assert asyncio.run(run()) == [
            {"error": "server_stopping", "message": "The server is stopping.", "line": 3}
        ]
