"""Out of file descriptors: nothing fails that could be tried again, and nothing is said a thousand times."""

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

REQUESTS: list[tuple[str, str, bytes | None]] = [
    ("GET", "/api/models", None),
    ("GET", "/api/model/counting", None),
    ("GET", "/api/metrics", None),
    ("GET", "/readyz", None),
    ("POST", "/api/stream", b'{"features": {"x": 1.5, "tag": 0}}\n' * 40_000),
    ("DELETE", "/api/model/unheard-of", None),
    ("GET", "/", None),
]


@pytest.fixture
def counting(server: Server, uploads: Uploads) -> Server:
    with server.client() as client:
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        # What they need of Python is loaded with the first.
        for request in REQUESTS:
            client.request(*request)
    return server


@contextmanager
def no_more_files(server: Server) -> Iterator[None]:
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    n_open = max(int(file.name) for file in Path(f"/proc/{server.pid}/fd").iterdir()) + 1
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (n_open, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))


def is_answered(server: Server) -> bool:
    try:
        with server.client() as client:
            return client.get("/healthz").status == 200
    except OSError:
        return False


class TestFiles:
    @pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request[1])
    def test_that_cannot_be_opened_are_no_internal_error(
        self, counting: Server, request_: tuple[str, str, bytes | None]
    ) -> None:
        with counting.client() as client:
            client.get("/healthz")
            with no_more_files(counting):
                assert client.request(*request_).status in {200, 404, 503}
        with counting.client() as client:
            assert client.learn(features={"x": 1.5, "tag": 0}, ground_truth=1.0).status == 201
            assert client.get("/").status == 200
        assert counting.complaints == []

    def test_that_are_missing_for_connections_are_waited_for(self, counting: Server) -> None:
        with no_more_files(counting):
            clients = [socket.create_connection(("127.0.0.1", counting.port)) for _ in range(20)]
        wait_until(lambda: is_answered(counting))
        for client in clients:
            client.close()

        assert counting.log.count("Too many open files") < 5
