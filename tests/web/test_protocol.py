"""Uvicorn with the project's protocol, in front of applications made for the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn

from web.limits import Limits
from web.protocol import Protocol
from web.serving import WatchingServer

Reply = Callable[[int, bytes, bytes], None]
POST = b"POST /short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
SECONDS = 30


class Asked:
    """A request on the short way."""

    def __init__(self, body: bytes, reply: Reply) -> None:
        self.body = body
        self._reply = reply
        self.is_cancelled = False

    def reply(self, status: int = 200, body: bytes = b"short") -> None:
        self._reply(status, b"content-length: %d\r\n" % len(body), body)

    def cancel(self) -> None:
        self.is_cancelled = True
        self.reply(503, b"stop")


class Application:
    """Takes the short way to /short, unless asked otherwise."""

    def __init__(self) -> None:
        self.declines = False
        self.asked: asyncio.Queue[Asked] = asyncio.Queue()

    def short_way(self, scope: dict[str, Any], length: int) -> Callable[[bytes, Reply], Asked | None] | None:
        return self._answer_soon if scope["path"] == "/short" else None

    def _answer_soon(self, body: bytes, reply: Reply) -> Asked | None:
        if self.declines:
            return None
        asked = Asked(body, reply)
        self.asked.put_nowait(asked)
        return asked

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        body = b"long " + scope["path"].encode() + message["body"]
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Served:
    """A server and one connection to it."""

    def __init__(
        self, server: uvicorn.Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer

    async def answer(self) -> bytes:
        """Return the body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        ).split()[1]
        return await self.reader.readexactly(int(length))

    async def ends(self) -> bool:
        """Wait for the connection's end."""
        return await self.reader.read(1) == b""


@asynccontextmanager
async def served(
    application: Application, *, limits: Limits | None = None, patience: int = 1
) -> AsyncIterator[Served]:
    make: Any = partial(Protocol, limits=limits)
    config = uvicorn.Config(
        application, http=make, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=patience,
    )  # fmt: skip
    server = WatchingServer(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Served(server, reader, writer)
    finally:
        writer.close()
        server.should_exit = True
        await serving


def run(test: Callable[[], Any]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(SECONDS):
            await test()

    asyncio.run(limited())


class TestShortWay:
    def test_is_taken_without_calling_the_application(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application) as s:
                s.writer.write(POST)
                asked = await application.asked.get()
                assert asked.body == b"{}"
                asked.reply()
                assert await s.answer() == b"short"

        run(test)

    def test_is_left_where_the_application_declines(self) -> None:
        async def test() -> None:
            application = Application()
            application.declines = True
            async with served(application) as s:
                s.writer.write(POST + POST.replace(b"/short", b"/other"))
                assert await s.answer() == b"long /short{}"
                assert await s.answer() == b"long /other{}"

        run(test)

    def test_is_not_for_requests_that_are_not_that_simple(self) -> None:
        async def test() -> None:
            async with served(Application()) as s:
                for sent in (
                    POST.replace(b"POST", b"PUT"),
                    POST.replace(b"/short", b"/short?x=1"),
                    POST.replace(b"/short", b"/%73hort"),
                    POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
                    POST.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked").replace(
                        b"{}", b"2\r\n{}\r\n0\r\n\r\n"
                    ),
                ):
                    s.writer.write(sent)
                    if b"Expect" in sent:
                        assert await s.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                    assert await s.answer() == b"long /short{}"
                long = b"x" * 70_000
                s.writer.write(POST.replace(b"Content-Length: 2", b"Content-Length: 70000")[:-2] + long)
                assert (await s.answer()).startswith(b"long /shortx")

        run(test)

    def test_takes_bodies_that_come_in_pieces(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application) as s:
                s.writer.write(POST[:-1])
                await s.writer.drain()
                await asyncio.sleep(0.05)
                s.writer.write(POST[-1:])
                (await application.asked.get()).reply()
                assert await s.answer() == b"short"

        run(test)

    def test_keeps_the_order_of_pipelined_requests(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application) as s:
                s.writer.write(POST + POST.replace(b"/short", b"/other"))
                asked = await application.asked.get()
                await asyncio.sleep(0.05)
                asked.reply()
                assert await s.answer() == b"short"
                assert await s.answer() == b"long /other{}"

        run(test)

    def test_keeps_the_order_of_pipelined_requests_that_could_all_take_it(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application) as s:
                s.writer.write(POST + POST.replace(b"{}", b"[]"))
                first = await application.asked.get()
                await asyncio.sleep(0.05)
                # The second waits for its turn, the ordinary way.
                assert application.asked.empty()
                first.reply()
                assert await s.answer() == b"short"
                assert await s.answer() == b"long /short[]"

        run(test)

    def test_is_answered_by_a_server_that_stops(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application) as s:
                s.writer.write(POST)
                asked = await application.asked.get()
                s.server.should_exit = True

                head = await s.reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 503")
                assert b"connection: close" in head
                assert asked.is_cancelled
                assert await s.reader.read() == b"stop"

        run(test)

    def test_is_given_up_by_a_server_that_stops_before_the_body_has_come(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application, patience=SECONDS) as s:
                s.writer.write(POST[:-1])
                while not s.server.server_state.connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.05)
                s.server.should_exit = True

                assert await s.ends()
                assert application.asked.empty()

        run(test)

    def test_leads_nowhere_once_the_client_is_gone(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application) as s:
                s.writer.write(POST)
                asked = await application.asked.get()
                s.writer.close()
                while s.server.server_state.connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

                asked.reply()

                assert not s.server.server_state.tasks

        run(test)


class TestIdleConnection:
    def test_is_closed_after_a_while(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application, limits=Limits(idle_seconds=0.1)) as s:
                s.writer.write(POST)
                (await application.asked.get()).reply()
                assert await s.answer() == b"short"
                assert await s.ends()

        run(test)

    def test_is_none_while_an_answer_is_awaited(self) -> None:
        async def test() -> None:
            application = Application()
            async with served(application, limits=Limits(idle_seconds=0.05)) as s:
                s.writer.write(POST)
                (await application.asked.get()).reply()
                assert await s.answer() == b"short"
                s.writer.write(POST)
                asked = await application.asked.get()
                # Long enough for the timer, which finds the connection at work.
                await asyncio.sleep(0.2)
                asked.reply()
                assert await s.answer() == b"short"
                assert await s.ends()

        run(test)
