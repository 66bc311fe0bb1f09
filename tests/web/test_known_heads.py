"""A head that a connection has seen is not read again, and means what it meant."""

from typing import Any

import pytest

from tests.web.wires import Recorder, exchange
from web.known_heads import KnownHeads

HEAD = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


def post(body: bytes) -> bytes:
    return HEAD % len(body) + body


class Asked(Recorder):
    """Counts how often it is asked what a head means; `refused` bodies it wants dispatched."""

    def __init__(self, refused: bytes = b"none") -> None:
        super().__init__(is_short=True)
        self.n_asked = 0
        self._refused = refused

    def short_way(self, scope: dict[str, Any], length: int) -> Any:
        self.n_asked += 1
        answer_soon = super().short_way(scope, length)
        return lambda body, reply: None if body == self._refused else answer_soon(body, reply)


def bodies(application: Recorder) -> list[bytes]:
    return [body for _, _, body in application.requests]


def test_one_head_is_asked_for_once() -> None:
    application = Asked()

    wire = exchange(application, [post(b"%03d" % number) for number in range(100)])

    assert bodies(application) == [b"%03d" % number for number in range(100)]
    assert wire.written.count(b" 200 ") == 100
    assert application.n_asked == 1


def test_a_body_that_goes_on_in_the_next_segment_is_waited_for() -> None:
    application = Asked()

    exchange(application, [post(b"one"), post(b"two")[:-1], b"o", post(b"six") + post(b"ten"), post(b"end")])

    assert bodies(application) == [b"one", b"two", b"six", b"ten", b"end"]


def test_what_is_to_be_dispatched_after_all_is() -> None:
    application = Asked(refused=b"all")

    wire = exchange(application, [post(b"one"), post(b"all"), post(b"two")])

    assert bodies(application) == [b"one", b"all", b"two"]
    assert wire.written.count(b" 200 ") == 3


class TestKnownHeads:
    @pytest.mark.parametrize(
        "segment", [b"", b"\r\n\r\n", post(b"longer"), post(b"ab")[:-1], post(b"ab") + b"c"]
    )
    def test_finds_nothing_else(self, segment: bytes) -> None:
        heads = KnownHeads()
        heads.remember(post(b"ab"), lambda body, reply: None, 2)

        assert heads.find(segment) is None

    def test_remembers_no_segment_with_more_than_a_request(self) -> None:
        heads = KnownHeads()
        heads.remember(post(b"ab") + post(b"ab"), lambda body, reply: None, 2)

        assert heads.find(post(b"ab")) is None

    def test_stay_few(self) -> None:
        heads = KnownHeads()
        for number in range(10_000):
            heads.remember(b"%d\r\n\r\n" % number, lambda body, reply: None, 0)

        found = [number for number in range(10_000) if heads.find(b"%d\r\n\r\n" % number)]
        assert found[-1] == 9_999
        assert len(found) <= 64

    def test_long_ones_are_not_kept(self) -> None:
        heads = KnownHeads()
        segment = b"x" * 2_000 + b"\r\n\r\n"
        heads.remember(segment, lambda body, reply: None, 0)

        assert heads.find(segment) is None
