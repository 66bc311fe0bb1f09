"""How much may be under way."""

import asyncio

from models_app.api.flow_control import FlowControl


async def is_let_in(flow: FlowControl, n_bytes: int) -> "asyncio.Task[bool]":
    """Return the attempt, begun."""
    entering = asyncio.create_task(flow.enter(n_bytes))
    await asyncio.sleep(0)
    return entering


class TestFlowControl:
    def test_lets_in_as_many_as_there_is_room_for(self) -> None:
        async def run() -> None:
            flow = FlowControl(max_batches=2, max_bytes=100)
            assert await flow.enter(1)
            assert await flow.enter(1)

            third = await is_let_in(flow, 1)
            assert not third.done()
            flow.leave()

            assert await third

        asyncio.run(run())

    def test_counts_bytes_and_gives_back_those_of_the_oldest(self) -> None:
        async def run() -> None:
            flow = FlowControl(max_batches=9, max_bytes=100)
            await flow.enter(20)
            await flow.enter(80)

            third = await is_let_in(flow, 30)
            flow.leave()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not third.done()
            flow.leave()

            assert await third

        asyncio.run(run())

    def test_has_room_again_for_all_that_was_given_back(self) -> None:
        async def run() -> None:
            flow = FlowControl(max_batches=9, max_bytes=100)
            for _ in range(50):
                assert (await is_let_in(flow, 30)).done()
                assert (await is_let_in(flow, 30)).done()
                # One of the two is always inside: it is never empty, and forgets nothing by that.
                flow.leave()
                assert (await is_let_in(flow, 70)).done()
                flow.leave()
                flow.leave()
                assert (await is_let_in(flow, 20)).done()
                flow.leave()

        asyncio.run(run())

    def test_keeps_count_while_somebody_is_inside(self) -> None:
        async def run() -> None:
            flow = FlowControl(max_batches=9, max_bytes=100)
            assert await flow.enter(40)
            for _ in range(50):
                assert (await is_let_in(flow, 60)).done()
                flow.leave()
                assert (await is_let_in(flow, 40)).done()
                flow.leave()

        asyncio.run(run())

    def test_lets_a_giant_pass_alone(self) -> None:
        async def run() -> None:
            flow = FlowControl(max_batches=9, max_bytes=100)
            await flow.enter(1)
            giant = await is_let_in(flow, 10_000)
            assert not giant.done()

            flow.leave()

            assert await giant
            assert not (await is_let_in(flow, 1)).done()

        asyncio.run(run())

    def test_lets_nobody_in_and_nobody_wait_once_it_is_closed(self) -> None:
        async def run() -> None:
            flow = FlowControl(max_batches=1, max_bytes=100)
            await flow.enter(1)
            waiting = await is_let_in(flow, 1)

            flow.close()

            assert await waiting is False
            assert await flow.enter(1) is False

        asyncio.run(run())
