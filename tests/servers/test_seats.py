"""Streams beyond the limits are refused, and a seat that was left is free."""

import json
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.listeners import listening
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

VERSION = b"Sec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.fixture
def small(start: Start, forks: ForkServer) -> Server:
    return start(launcher=forks, STREAMS_MAX="1", STREAMS_MAX_PER_CLIENT="5")


class TestSeats:
    def test_of_event_streams_are_limited(self, small: Server) -> None:
        with listening(small.port, "/api/stream/events"), small.client() as client:
            for path in ("/api/stream/events", "/api/stream/live", "/api/stream/metrics"):
                refused = client.get(path)
                assert (refused.status, refused.headers["error-code"]) == (503, "too_many_streams")
                assert refused.headers["retry-after"] == "1"
            # No stream is opened.
            assert client.request("HEAD", "/api/stream/events").status == 200

        def is_free() -> bool:
            with socket.create_connection(("127.0.0.1", small.port)) as client:
                client.sendall(b"GET /api/stream/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return client.recv(12) == b"HTTP/1.1 200"

        wait_until(is_free)

    def test_of_websockets_are_limited(self, small: Server) -> None:
        url = f"ws://localhost:{small.port}/ws/stream"
        with connect(url), pytest.raises(InvalidStatus) as refused:
            connect(url)
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Error-Code"] == "too_many_streams"
        assert "STREAMS_MAX" in json.loads(refused.value.response.body)["message"]

        def is_free() -> bool:
            try:
                with connect(url):
                    pass
            except InvalidStatus:
                return False
            return True

        wait_until(is_free)


class TestHandshakes:
    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (KEY + b"Sec-WebSocket-Version: 12\r\n", 426),
            (VERSION + b"Sec-WebSocket-Key: short\r\n", 400),
            (VERSION, 400),
            (VERSION + KEY + KEY, 400),
            (VERSION + KEY + b"Origin: null\r\n", 403),
            (VERSION + KEY + b"Sec-WebSocket-Protocol: chat, \xff\r\n", 400),
            (VERSION + KEY + b"Sec-WebSocket-Protocol: chat, x\r\n", 101),
        ],
    )
    def test_that_are_refused_complain_of_nothing(self, server: Server, lines: bytes, status: int) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(
                b"GET /ws/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + lines + b"\r\n"
            )  # fmt: skip
            assert client.recv(12) == b"HTTP/1.1 %d" % status

        assert server.complaints == []

    def test_are_none_where_text_is_no_utf_8(self, server: Server) -> None:
        with connect(f"ws://localhost:{server.port}/ws/stream") as client:
            client.send(b"\xff", text=True)
            with pytest.raises(Exception, match="1007"):
                client.recv(timeout=30)

        assert server.complaints == []
