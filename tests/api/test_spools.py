"""Answers on their way to a client that may take none for long."""

import asyncio
import random
from pathlib import Path

import pytest

from models_app.api import exchanges
from models_app.api.exchanges import _Spool

IN_MEMORY = exchanges._SPOOLED_IN_MEMORY


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def rest_of(spool: _Spool) -> bytes:
    taken = []
    while (answers := await spool.take()) is not None:
        taken.append(answers)
    return b"".join(taken)


class TestSpool:
    def test_gives_what_was_put_in_its_order_and_then_the_end(self) -> None:
        async def run() -> list[bytes | None]:
            spool = _Spool()
            spool.put(b"1\n")
            spool.put(b"2\n")
            first = await spool.take()
            spool.put(b"3\n")
            spool.end()
            return [first, await spool.take(), await spool.take(), await spool.take()]

        assert asyncio.run(run()) == [b"1\n2\n", b"3\n", None, None]

    def test_has_its_client_wait_for_what_comes(self) -> None:
        async def run() -> list[bytes | None]:
            spool = _Spool()
            taking = asyncio.create_task(spool.take())
            await asyncio.sleep(0)
            assert not taking.done()
            spool.put(b"1\n")
            first = await taking
            ending = asyncio.create_task(spool.take())
            await asyncio.sleep(0)
            spool.end()
            return [first, await ending]

        assert asyncio.run(run()) == [b"1\n", None]

    def test_keeps_what_memory_is_not_for_in_a_file_that_it_gives_back(self) -> None:
        async def run() -> None:
            before = open_files()
            spool = _Spool()
            answers = [bytes([65 + number]) * (IN_MEMORY // 2) for number in range(7)]
            for answer in answers:
                spool.put(answer)
            assert sum(map(len, spool._memory)) <= IN_MEMORY
            assert open_files() == before + 1

            # Read in part and written on: the order stays.
            first = await spool.take()
            second = await spool.take()
            assert first is not None
            assert second is not None
            spool.put(b"last")
            spool.end()

            assert first + second + await rest_of(spool) == b"".join(answers) + b"last"
            assert open_files() == before

        asyncio.run(run())

    def test_goes_back_to_memory_once_the_file_is_read(self) -> None:
        async def run() -> None:
            spool = _Spool()
            spool.put(b"x" * (IN_MEMORY + 1))
            while spool._file is not None:
                await spool.take()
            before = open_files()
            spool.put(b"1\n")
            assert open_files() == before
            assert await spool.take() == b"1\n"

        asyncio.run(run())

    def test_gives_its_file_back_when_nobody_reads_it(self) -> None:
        before = open_files()
        spool = _Spool()
        spool.put(b"x" * (IN_MEMORY + 1))
        spool.close()
        assert open_files() == before

    @pytest.mark.parametrize("seed", range(5))
    def test_loses_nothing_whoever_is_faster(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exchanges, "_SPOOLED_IN_MEMORY", 64)
        draw = random.Random(seed)
        answers = [bytes(draw.choices(b"0123456789\n", k=draw.randrange(1, 50))) for _ in range(500)]

        async def put(spool: _Spool) -> None:
            for answer in answers:
                spool.put(answer)
                if draw.random() < 0.3:
                    await asyncio.sleep(0)
            spool.end()

        async def run() -> bytes:
            spool = _Spool()
            putting = asyncio.create_task(put(spool))
            taken = await rest_of(spool)
            await putting
            return taken

        assert asyncio.run(run()) == b"".join(answers)
