"""Whatever a client sends, in whatever pieces: the application gets the requests that are there."""

import itertools
import os
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.web import plain_http
from tests.web.wires import Recorder, Wire, exchange

SECOND = b"POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n2"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
# The same in each run; more, and others each time, for whoever changes the protocol.
N_EXAMPLES = int(os.environ.get("PROTOCOL_EXAMPLES", "500"))
ODD_LENGTHS = [b"+1", b"1, 1", b"0x1", b"", b"-1", b"1 1"]
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


def reached(segments: Sequence[bytes], *, is_short: bool) -> tuple[list[tuple[str, bytes, bytes]], Wire]:
    application = Recorder(is_short=is_short)
    wire = exchange(application, segments)
    return application.requests, wire


def expected(data: bytes) -> list[tuple[str, bytes, bytes]]:
    return [(plain.method.decode(), plain.target, plain.body) for plain in plain_http.read_all(data)]


def n_answers(wire: Wire) -> int:
    return wire.written.count(b"HTTP/1.1 200 ")


bodies = st.sampled_from(
    [b"", b"{}", b"\r\n\r\n", SECOND, b"\r\n\r\n" + SECOND, b"0\r\n\r\n" + SECOND, b"x" * 70_000]
)
framings = st.sampled_from(["length", "length", "chunks", "chunks", "both", "twice", "none", "odd"])
versions = st.sampled_from([b"1.1"] * 8 + [b"1.0", b"0.9", b"2.0", b"1.2"])
headers = st.lists(
    st.sampled_from(
        [
            UPGRADE,
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n",
            b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
            b"Connection: upgrade\r\nUpgrade: websocket\r\n",
            b"Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
            b"Connection: keep-alive\r\n",
            b"Connection: close\r\n",
            b"Upgrade: h2c\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding: identity\r\n",
            b"Content-Length: 3\r\n",
            b"X: a\r\n b\r\n",
            b"X: a\n",
            b"X : a\r\n",
            b"X:\r\n",
            b"Expect: 100-continue\r\n",
            b"Trailer: X\r\n",
            KEY,
        ]
    ),
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request as clients send it, or nearly so."""
    method = draw(st.sampled_from([b"POST", b"POST", b"POST", b"GET", b"PUT", b"CONNECT", b"PRI"]))
    target = draw(st.sampled_from([b"/a", b"/a", b"/a?b=c", b"*", b"a:80"]))
    body = draw(bodies)
    framing = draw(framings)
    lines = [b"%s %s HTTP/%s\r\n" % (method, target, draw(versions)), b"Host: a\r\n", *draw(headers)]
    length = b"Content-Length: %d\r\n" % len(body)
    if framing in {"length", "both", "twice"}:
        lines.append(length)
    if framing == "twice":
        lines.append(length)
    if framing == "odd":
        lines.append(
            b"Content-Length: "
            + draw(st.sampled_from([b"+1", b"1, 1", b"0x1", b"", b"-1", b"1 1"]))
            + b"\r\n"
        )
    if framing in {"chunks", "both"}:
        lines.append(b"Transfer-Encoding: chunked\r\n")
        body = draw(chunks(body))
    return b"".join([*lines, b"\r\n", body])


@st.composite
def chunks(draw: st.DrawFn, body: bytes) -> bytes:
    extension = draw(st.sampled_from([b"", b"", b";a=b", b";a", b";\n", b" ", b"\t;a=b"]))
    trailer = draw(st.sampled_from([b"", b"", b"Content-Length: 7\r\n", b"X: y\r\n", b"X\r\n"]))
    end = draw(st.sampled_from([b"\r\n"] * 5 + [b"\n", b"", b"X\r\n"]))
    first = b"%x%s\r\n%s%s" % (len(body), extension, body, end) if body else b""
    return first + b"0\r\n" + trailer + b"\r\n"


class TestRequests:
    @given(
        st.lists(requests(), min_size=1, max_size=3),
        st.lists(st.integers(0, 10_000), max_size=5),
        st.booleans(),
    )
    @settings(max_examples=N_EXAMPLES, deadline=None, derandomize=N_EXAMPLES == 500)
    @example(
        [b"POST /a HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"Content-Length: 60\r\n\r\n", SECOND], [89], False
    )
    @example([POST, POST.replace(b"1.1", b"0.9")], [], False)
    def test_are_those_that_a_plain_reader_finds_wherever_they_are_cut(
        self, sent: list[bytes], cuts: list[int], is_short: bool
    ) -> None:
        data = b"".join(sent)

        requests, wire = reached(pieces(data, cuts), is_short=is_short)

        assert requests == expected(data)
        assert n_answers(wire) == len(requests)

    @given(
        st.lists(requests(), min_size=1, max_size=2),
        st.lists(st.integers(0, 10_000), max_size=2),
        st.integers(2, 4),
    )
    @settings(max_examples=N_EXAMPLES, deadline=None, derandomize=N_EXAMPLES == 500)
    def test_again_and_again_are_those_that_a_plain_reader_finds(
        self, sent: list[bytes], cuts: list[int], n: int
    ) -> None:
        data = b"".join(sent * n)
        ends = itertools.accumulate(map(len, sent * n))

        requests, wire = reached(pieces(data, [*ends, *cuts]), is_short=True)

        assert requests == expected(data)
        assert n_answers(wire) == len(requests)

    @given(
        requests(),
        st.binary(max_size=40),
        st.integers(0, 400),
        st.integers(0, 3),
        st.lists(st.integers(0, 800), max_size=4),
    )
    @settings(max_examples=N_EXAMPLES, deadline=None, derandomize=N_EXAMPLES == 500)
    def test_do_not_depend_on_where_bytes_are_cut(
        self, sent: bytes, noise: bytes, at: int, n_lost: int, cuts: list[int]
    ) -> None:
        data = sent[:at] + noise + sent[at + n_lost :] + SECOND

        whole, _ = reached([data], is_short=False)
        cut, _ = reached(pieces(data, cuts), is_short=False)

        assert cut == whole

    @pytest.mark.parametrize("token", [b"h2c", b"TLS/1.0", b"websocket", b"x", b"websocket, h2c"])
    @pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"GET"])
    def test_have_their_body_read_as_such_whatever_they_offer_to_upgrade_to(
        self, token: bytes, method: bytes
    ) -> None:
        body = (b"\r\n" * 40_000 + SECOND) * 3
        head = (
            b"%s /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %s\r\nContent-Length: %d\r\n\r\n"
        )
        data = head % (method, token, len(body)) + body

        requests, wire = reached(pieces(data, range(0, len(data), 65_536)), is_short=True)

        assert requests == [(method.decode(), b"/a", body)]
        assert n_answers(wire) == 1

    def test_may_each_offer_another_protocol(self) -> None:
        one = b"POST /a HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"Content-Length: 1\r\n\r\n1"

        requests, _ = reached([one * 300], is_short=True)

        assert requests == [("POST", b"/a", b"1")] * 300

    def test_keep_their_headers_apart_from_trailers(self) -> None:
        seen = []

        async def application(scope: dict[str, object], receive: object, send: object) -> None:
            seen.append(scope["headers"])

        data = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n"
        exchange(application, [data])

        assert seen == [[(b"host", b"a"), (b"transfer-encoding", b"chunked")]]
