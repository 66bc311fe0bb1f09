"""Bodies that take long to read: in a thread, and within limits."""

import json
import sys
from types import FrameType
from typing import Any, Self

import pytest

from models_app.api.records import _encode
from models_app.wire import reading
from models_app.wire.bodies import BodyReader
from tests.api.clients import Client
from web import aside

MEGABYTES = 14 * 1024**2
# Where a record is read, explained and answered.
WORK = {BodyReader.read.__code__, BodyReader._explain.__code__, reading.record.__code__, _encode.__code__}


class OnLoop:
    """Counts the calls of that work in this thread, which is the event loop's."""

    def __init__(self) -> None:
        self.n = 0

    def __enter__(self) -> Self:
        self._before = sys.getprofile()
        sys.setprofile(self._count)
        return self

    def __exit__(self, *details: object) -> None:
        sys.setprofile(self._before)

    def _count(self, frame: FrameType, event: str, _argument: object) -> None:
        self.n += event == "call" and frame.f_code in WORK


def unknown_fields(n: int) -> bytes:
    return b'{"features": {"a": 1}, ' + b", ".join(b'"field %d": 0' % i for i in range(n)) + b"}"


GOOD = {"features": {"a": 1.5}}
LONG = {"features": {"a": "x" * aside.MAX_BYTES_ON_LOOP}}
LONG_BODIES = {
    "good": json.dumps(LONG).encode(),
    "unknown fields": unknown_fields(10_000),
    "no JSON": b'{"features": ' + b"1" * 100_000,
    "no object": json.dumps([[1] * 50_000]).encode()[1:-1],
    "array": json.dumps([GOOD] * 2_000).encode(),
    "spaces": b" " * 100_000 + b"{}",
}


class TestLongBodies:
    @pytest.mark.parametrize("body", LONG_BODIES.values(), ids=LONG_BODIES)
    @pytest.mark.parametrize("route", ["predict", "learn"])
    def test_are_read_and_explained_in_a_thread(self, client: Client, body: bytes, route: str) -> None:
        with OnLoop() as work:
            assert client.post_short(f"/api/{route}", body) is None
            answer = client.post(f"/api/{route}", body)

        assert work.n == 0
        assert answer.status in {200, 201, 400}
        answer.json()

    @pytest.mark.parametrize("body", [b'{"features": {"a": 1}}', b"{}", b"[{}]"])
    def test_that_are_short_cost_no_thread(self, client: Client, body: bytes) -> None:
        with OnLoop() as work:
            client.post("/api/predict", body)

        assert work.n > 0

    def test_of_a_stream_are_read_in_a_thread(self, client: Client) -> None:
        line = json.dumps(LONG).encode()

        with OnLoop() as work:
            answer = client.send("POST", "/api/stream", b"\n".join([line] * 5))
        answers = [json.loads(text) for text in answer.body.splitlines()]

        # Answers are short.
        assert work.n == len(answers) == 5
        assert all("prediction" in answer for answer in answers)

    @pytest.mark.parametrize("record", [GOOD, LONG], ids=["many", "long"])
    def test_of_a_websocket_are_read_in_a_thread(self, client: Client, record: dict[str, Any]) -> None:
        message = json.dumps([record] * 200)

        with OnLoop() as work:
            (answers,) = client.exchange([message])

        assert work.n == 0
        assert len(answers) == 200
        assert all("prediction" in answer for answer in answers)

    def test_of_records_keep_their_order(self, client: Client) -> None:
        records = [{"features": {"a": i}, "id": i % 7, "ref": i} for i in range(5_000)]

        answer = client.post("/api/predict", json.dumps(records).encode())

        assert answer.status == 200
        assert [found["ref"] for found in answer.json()] == list(range(5_000))


class TestWhatIsWrong:
    @pytest.mark.parametrize("n", [11, 500, 5_000])
    def test_is_listed_up_to_ten_fields(self, client: Client, n: int) -> None:
        answer = client.post("/api/predict", unknown_fields(n))

        reasons = answer.json()["message"]
        assert 0 < len(reasons) <= 10
        assert set(map(tuple, reasons.values())) == {("unknown field",)}

    def test_is_reported_for_a_body_as_large_as_may_be(self, client: Client) -> None:
        body = unknown_fields(MEGABYTES // 18)

        answer = client.post("/api/predict", body)

        assert answer.json() == {"message": {"field 0": ["unknown field"]}}

    def test_is_reported_by_field_of_long_bodies_too(self, client: Client) -> None:
        long = "x" * 70_000

        found = [
            client.post(f"/api/{route}", json.dumps(body).encode()).json()["message"]
            for route, body in [
                ("predict", {"features": long, "id": 1.5, "model": 5}),
                ("predict", {"id": long}),
                ("learn", {"features": long}),
                ("learn", {"features": long, "ground_truth": [long]}),
                ("learn", {"features": [long], "ground_truth": 1}),
                ("predict", {"features": {"a": long, "b": float("nan")}}),
            ]
        ]

        assert found[:5] == [
            {"id": ["must be an integer or a string"], "model": ["must be a string"]},
            {"features": ["required field"], "id": ["is too long"]},
            {"ground_truth": ["required field"]},
            {"ground_truth": ["is too long"]},
            {"features": found[4]["features"]},
        ]
        assert "got `array`" in found[4]["features"][0]
        assert "invalid character" in found[5]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b'{"features": ' + b"[" * 200_000, "The body is nested too deeply."),
            (b"[" * 200_000, "The body is nested too deeply."),
            (b'{"features": ' + b"[" * 20_000, "The body is nested too deeply."),
        ],
    )
    def test_is_reported_for_what_is_nested_too_deeply(
        self, client: Client, body: bytes, message: str
    ) -> None:
        assert client.post("/api/predict", body).json() == {"message": message}
