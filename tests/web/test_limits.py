"""How much a connection may take, and for how long: looked at by the test's own clock."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn.server import ServerState

from tests.web.wires import Recorder, Wire, connect, exchange, settle, wire_of
from web.connection import CONNECTION_EXTENSION
from web.limits import Limits
from web.protocol import Protocol

HEAD = b"GET /a HTTP/1.1\r\nHost: a\r\n"
GET = HEAD + b"\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
LIMITS = Limits(
    head_bytes=1000, header_lines=10, url_bytes=100, head_seconds=20, body_seconds=60, idle_seconds=75,
    rest_seconds=3600, send_seconds=30, linger_silent_seconds=5, linger_seconds=30, connections=2,
)  # fmt: skip


def status(wire: Wire) -> int:
    """Return the status of the only answer, which has the shape of every refusal."""
    assert wire.written.count(b"HTTP/1.1 ") == 1, wire.written
    head, body = bytes(wire.written).split(b"\r\n\r\n")
    assert b"\r\nerror-code: " in head
    assert b"\r\nconnection: close" in head
    assert body.startswith(b'{"message":"')
    return int(head.split()[1])


def sent(*segments: bytes, application: Any = None) -> Wire:
    return exchange(application or Recorder(is_short=False), segments, limits=LIMITS)


class TestSizes:
    @pytest.mark.parametrize(
        "segments",
        [
            [HEAD + b"X: " + b"x" * 1000 + b"\r\n\r\n"],
            [HEAD + b"X: ", *[b"x" * 100] * 11],
            [HEAD, *[b"X: %s\r\n" % (b"x" * 200)] * 6],
            [GET * 5 + HEAD + b"X: " + b"x" * 1000 + b"\r\n\r\n"],
        ],
        ids=["at once", "a line without end", "lines without end", "behind others"],
    )
    def test_of_a_head_are_limited(self, segments: list[bytes]) -> None:
        wire = sent(*segments)

        assert wire.is_over
        assert b" 431 " in wire.written
        assert b"headers_too_large" in wire.written

    def test_of_a_head_are_not_those_of_what_comes_with_it(self) -> None:
        body = b"x" * 5000
        wire = sent(POST.replace(b": 10", b": 5000") + body + GET * 3)

        assert wire.written.count(b"HTTP/1.1 200 ") == 4

    def test_of_a_head_that_comes_byte_by_byte_do_not_add_up_over_requests(self) -> None:
        wire = sent(*[bytes([byte]) for byte in GET * 60])

        assert wire.written.count(b"HTTP/1.1 200 ") == 60

    @pytest.mark.parametrize("end", [b"\r\n", b"", b"X"])
    def test_are_refused_for_too_many_header_lines_as_soon_as_they_are_there(self, end: bytes) -> None:
        assert status(sent(HEAD + b"X: a\r\n" * 11 + end)) == 431
        assert status(sent(HEAD, *[b"X: a\r\n"] * 11, end)) == 431

    def test_are_those_of_one_head(self) -> None:
        assert sent((HEAD + b"X: a\r\n" * 9 + b"\r\n") * 3).written.count(b"HTTP/1.1 200 ") == 3

    @pytest.mark.parametrize("end", [b" HTTP/1.1\r\nHost: a\r\n\r\n", b""])
    def test_are_refused_for_a_long_address_as_soon_as_it_is_there(self, end: bytes) -> None:
        assert status(sent(b"GET /%s%s" % (b"x" * 200, end))) == 414
        assert status(sent(b"GET /", *[b"x" * 20] * 10, end)) == 414

    def test_are_refused_after_the_answers_that_are_due(self) -> None:
        wire = sent(GET * 2 + HEAD + b"X: a\r\n" * 11)

        assert [part[:3] for part in bytes(wire.written).split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"431"]
        assert wire.is_over

    def test_are_refused_for_too_many_lines_of_a_trailer(self) -> None:
        chunked = POST.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked")

        assert status(sent(chunked + b"0\r\n" + b"X: a\r\n" * 12)) == 431

    @pytest.mark.parametrize("rest", [b"0;" + b"x" * 100, b"0\r\nX: " + b"x" * 100])
    def test_are_limited_for_what_is_no_body(self, rest: bytes) -> None:
        chunked = POST.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked")

        assert status(sent(chunked, rest, *[b"x" * 100] * 10)) == 431

    def test_leave_small_chunks_alone(self) -> None:
        application = Recorder(is_short=False)
        chunked = POST.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked")

        sent(chunked, *[b"1\r\nx\r\n"] * 500, b"0\r\n\r\n", application=application)

        assert application.requests == [("POST", b"/a", b"x" * 500)]


class TestReadability:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"\x16\x03\x01\x02\x00\x01", 400),
            (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/2.0\r\n\r\n", 505),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
            (b"CONNECT a:80 HTTP/1.1\r\n\r\n", 405),
            (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
            (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            (HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", 426),
            (HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", 400),
        ],
    )
    def test_is_missed_in_the_shape_of_every_refusal(self, data: bytes, expected: int) -> None:
        wire = sent(data)

        assert status(wire) == expected
        assert wire.is_over

    def test_is_missed_after_the_answers_that_are_due(self) -> None:
        wire = sent(GET * 2 + b"\x00\x00" + GET)

        assert [part[:3] for part in bytes(wire.written).split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]

    def test_is_missed_once_where_a_body_breaks_off(self) -> None:
        chunked = POST.replace(b"Content-Length: 10", b"Transfer-Encoding: chunked")

        assert status(sent(chunked, b"1\r\nx\r\n", b"oh no")) == 400


def timed(
    steps: Callable[[Protocol, Wire], Awaitable[None]], application: Any = None, **options: Any
) -> Wire:
    async def run() -> Wire:
        protocol = connect(application or Recorder(is_short=False), limits=LIMITS, **options)
        protocol.look(0)
        await steps(protocol, wire_of(protocol))
        return wire_of(protocol)

    return asyncio.run(run())


async def looks(protocol: Protocol, *times: float, hurry: bool = False) -> None:
    for now in times:
        protocol.look(now, hurry=hurry)
        await settle()


class TestSilence:
    def test_before_a_request_is_ended(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            await looks(protocol, 74)
            assert not wire.is_over
            await looks(protocol, 75)

        wire = timed(steps)
        assert wire.is_over
        assert not wire.written

    def test_between_requests_is_counted_from_the_last(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            await looks(protocol, 70)
            protocol.data_received(GET)
            await settle()
            await looks(protocol, 71, 145)
            assert not wire.is_over
            await looks(protocol, 146)

        assert timed(steps).is_over

    def test_is_no_matter_while_the_application_works(self) -> None:
        async def works(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.Event().wait()

        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(GET)
            await looks(protocol, 1, 10_000, 20_000)
            assert not wire.is_over

        timed(steps, works)

    @pytest.mark.parametrize("is_short", [True, False])
    def test_within_a_body_is_answered(self, is_short: bool) -> None:
        application = Recorder(is_short=is_short)

        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(POST + b"x")
            await looks(protocol, 1, 60)
            protocol.data_received(b"x")
            await looks(protocol, 61, 120)
            assert not wire.is_over
            await looks(protocol, 121)

        wire = timed(steps, application)
        assert status(wire) == 408
        assert wire.is_over
        assert application.requests == []

    def test_within_a_body_is_no_matter_where_records_may_rest(self) -> None:
        async def rests(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"][CONNECTION_EXTENSION].rests = True
            while (await receive())["type"] != "http.disconnect":
                pass

        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(POST + b"x")
            await settle()
            await looks(protocol, 1, 3600)
            assert not wire.is_over
            await looks(protocol, 3601)

        assert status(timed(steps, rests)) == 408

    def test_of_a_client_that_takes_no_answer_drops_it(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(GET)
            await settle()
            wire.n_unsent = 100
            await looks(protocol, 1)
            wire.n_unsent = 90
            await looks(protocol, 25, 54)
            assert not wire.is_over
            await looks(protocol, 55)

        assert timed(steps).is_aborted

    def test_of_a_client_that_takes_no_answer_is_no_matter_where_it_sends_on(self) -> None:
        async def rests(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"][CONNECTION_EXTENSION].rests = True
            await asyncio.Event().wait()

        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(POST)
            await settle()
            wire.n_unsent = 100
            for now in range(1, 5000, 50):
                protocol.data_received(b"")
                await looks(protocol, now)
                protocol.on_body(b"x")
            assert not wire.is_over

        timed(steps, rests)

    def test_is_not_waited_out_for_streams_when_the_server_stops(self) -> None:
        async def follows(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"][CONNECTION_EXTENSION].follows = True
            await asyncio.Event().wait()

        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(GET)
            await settle()
            wire.n_unsent = 100
            await looks(protocol, 1, 1.2)
            assert not wire.is_over
            await looks(protocol, 1.3, 1.5, hurry=True)

        assert timed(steps, follows).is_aborted

    def test_of_a_connection_that_closes_is_not_waited_out(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            wire.close()
            await looks(protocol, 1, 32)

        assert timed(steps).is_aborted


class TestSlowHeads:
    def test_are_refused_however_steady_they_are(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            for now in range(1, 21):
                protocol.data_received(GET[now - 1 : now])
                await looks(protocol, now)
            assert not wire.is_over
            await looks(protocol, 21)

        assert status(timed(steps)) == 408


class TestLingering:
    """After an answer that came before the request's end."""

    @staticmethod
    async def refuses(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def test_reads_and_drops_what_still_comes(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(POST + b"x")
            await settle()
            assert wire.has_ended
            for now in range(1, 30):
                protocol.data_received(GET)
                await looks(protocol, now)
                assert not wire.is_closing()
            await looks(protocol, 32)

        wire = timed(steps, self.refuses)
        assert wire.is_closing()
        assert wire.written.count(b"HTTP/1.1 ") == 1
        assert b"connection: close" in wire.written

    def test_ends_where_nothing_comes(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(POST + b"x")
            await settle()
            await looks(protocol, 1, 5.9)
            assert not wire.is_closing()
            await looks(protocol, 6)

        assert timed(steps, self.refuses).is_closing()

    def test_is_not_needed_where_the_request_was_whole(self) -> None:
        async def steps(protocol: Protocol, wire: Wire) -> None:
            protocol.data_received(POST + b"x" * 10)
            await settle()
            assert not wire.is_over

        timed(steps, self.refuses)


class TestConnections:
    def test_beyond_the_limit_are_refused_with_the_reason(self) -> None:
        async def run() -> list[Wire]:
            state = ServerState()
            wires = []
            for _ in range(3):
                protocol = connect(Recorder(is_short=False), limits=LIMITS, state=state)
                protocol.data_received(GET)
                await settle()
                wires.append(wire_of(protocol))
            return wires

        first, second, third = asyncio.run(run())

        assert not first.is_over
        assert not second.is_over
        assert status(third) == 503
        assert third.is_over

    def test_far_beyond_the_limit_are_dropped(self) -> None:
        async def run() -> Wire:
            state = ServerState()
            protocols = [connect(Recorder(is_short=False), limits=LIMITS, state=state) for _ in range(103)]
            return wire_of(protocols[-1])

        assert asyncio.run(run()).is_aborted

    def test_beyond_the_limit_are_not_kept_waiting(self) -> None:
        async def run() -> Wire:
            state = ServerState()
            protocols = [connect(Recorder(is_short=False), limits=LIMITS, state=state) for _ in range(3)]
            await looks(protocols[-1], 1, 6)
            return wire_of(protocols[-1])

        assert asyncio.run(run()).is_over

    def test_that_are_lost_notify_the_request_under_way_whatever_waits_behind_it(self) -> None:
        heard = []

        async def waits(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            heard.append((await receive())["type"])

        async def run() -> None:
            protocol = connect(waits, limits=LIMITS)
            protocol.data_received(GET * 3)
            await settle()
            protocol.connection_lost(ConnectionResetError())
            await settle()

        asyncio.run(run())

        assert heard == ["http.disconnect"]


class TestFailures:
    def test_of_the_short_way_are_answered_and_leave_nothing_behind(self) -> None:
        class Fails(Recorder):
            def short_way(self, scope: dict[str, Any], length: int) -> Any:
                def answer_soon(body: bytes, reply: Any) -> None:
                    raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

                return answer_soon

        async def run() -> tuple[Wire, ServerState]:
            state = ServerState()
            protocol = connect(Fails(is_short=True), state=state)
            protocol.data_received(POST + b"x" * 10 + GET)
            await settle()
            return wire_of(protocol), state

        wire, state = asyncio.run(run())

        assert [part[:3] for part in bytes(wire.written).split(b"HTTP/1.1 ")[1:]] == [b"500", b"200"]
        assert b"error-code: internal_error" in wire.written
        assert not state.tasks

    @pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
    def test_of_an_application_are_answered(self, error: BaseException) -> None:
        async def fails(scope: Any, receive: Any, send: Any) -> None:
            raise error

        assert status(sent(GET, application=fails)) == 500

    def test_for_want_of_files_may_pass(self) -> None:
        async def fails(scope: Any, receive: Any, send: Any) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        wire = sent(GET, application=fails)

        assert status(wire) == 503
        assert b"\r\nretry-after: 1\r\n" in wire.written

    def test_of_an_application_that_says_nothing_are_answered(self) -> None:
        async def silent(scope: Any, receive: Any, send: Any) -> None:
            return

        assert status(sent(GET, application=silent)) == 500

    def test_in_the_middle_of_an_answer_end_the_connection(self) -> None:
        async def fails(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise KeyError

        wire = sent(GET, application=fails)

        assert wire.is_over
        assert not wire.written.endswith(b"0\r\n\r\n")

    def test_of_who_decides_on_the_short_way_are_answered(self) -> None:
        class Fails(Recorder):
            def short_way(self, scope: dict[str, Any], length: int) -> Any:
                raise KeyError(scope["path"])

        assert status(sent(POST + b"x" * 10, application=Fails(is_short=True))) == 500

    def test_of_a_stop_are_answered_that_it_stops(self) -> None:
        async def waits(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.Event().wait()

        async def run() -> Wire:
            state = ServerState()
            protocol = connect(waits, state=state)
            protocol.data_received(GET)
            await settle()
            for task in state.tasks:
                task.cancel()
            await settle()
            return wire_of(protocol)

        assert status(asyncio.run(run())) == 503
