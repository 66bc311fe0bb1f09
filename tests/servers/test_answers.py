"""How answers come over the wire."""

import socket
from collections.abc import Iterator

import pytest

from tests.servers.servers import Server

SECONDS = 30


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as made:
        yield made


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    head = [f"{line} HTTP/1.1", "Host: localhost", *headers]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


def read_answer(connection: socket.socket) -> bytes:
    """Read one answer that has a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    n = int(lengths[0].split(b":")[1])
    while len(body) < n:
        body += connection.recv(65536)
    assert len(body) == n
    return head + b"\r\n\r\n" + body


def closes(connection: socket.socket) -> bool:
    return connection.recv(65536) == b""


class TestShortAnswer:
    def test_comes_in_one_piece(self, connection: socket.socket) -> None:
        for _ in range(50):
            connection.sendall(request("GET /healthz"))

            assert connection.recv(65536).endswith(b'\r\n\r\n{"status":"up"}')

    def test_ends_the_connection_where_that_is_asked_for(self, connection: socket.socket) -> None:
        connection.sendall(request("GET /healthz", "Connection: close"))

        assert read_answer(connection).endswith(b'{"status":"up"}')
        assert closes(connection)

    def test_has_no_body_for_head(self, connection: socket.socket) -> None:
        connection.sendall(request("HEAD /healthz") + request("GET /healthz", "Connection: close"))

        received = b""
        while piece := connection.recv(65536):
            received += piece
        assert received.count(b"HTTP/1.1 200 OK") == 2
        assert received.count(b'{"status":"up"}') == 1

    def test_follows_a_go_ahead(self, connection: socket.socket) -> None:
        body = b'{"flavor": "binary"}'
        whole = request("POST /api/init", "Expect: 100-continue", body=body)
        connection.sendall(whole.removesuffix(body))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"

        connection.sendall(body)

        assert read_answer(connection).startswith(b"HTTP/1.1 201")

    def test_comes_in_the_order_of_the_requests(self, connection: socket.socket) -> None:
        connection.sendall(request("GET /healthz") + request("GET /api/nothing", "Connection: close"))

        received = b""
        while piece := connection.recv(65536):
            received += piece
        assert received.index(b"HTTP/1.1 200") < received.index(b"HTTP/1.1 404")


class TestStreamedAnswer:
    def test_begins_before_there_is_anything_to_say(self, connection: socket.socket) -> None:
        head = request("POST /api/stream", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
        connection.sendall(head)

        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"0\r\n\r\n")
