"""The API's handler on uvicorn in a thread of the test's process, where tasks and threads can be counted."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import uvicorn

from models_app.api.handler import ApiHandler

SECONDS = 20


class Server(uvicorn.Server):
    """A server that reports its loop and its port."""

    loop: asyncio.AbstractEventLoop
    port: int

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and note where."""
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.port = self.servers[0].sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """The address of the event streams."""
        return f"http://127.0.0.1:{self.port}/api/stream"

    def task_count(self) -> int:
        """Return the number of tasks in the server's loop."""

        async def count() -> int:
            # Without the one that counts.
            return len(asyncio.all_tasks()) - 1

        return asyncio.run_coroutine_threadsafe(count(), self.loop).result(SECONDS)


@contextmanager
def running_server() -> Iterator[Server]:
    """Serve the API until the block ends."""
    server = Server(uvicorn.Config(ApiHandler(), port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: hasattr(server, "port"))
        yield server
    finally:
        server.should_exit = True
        thread.join(SECONDS)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition to hold."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def open_socket(server: Server, channel: str, *, receive_bytes: int | None = None) -> socket.socket:
    """Ask for a stream on a bare socket; nothing is read yet."""
    connection = socket.socket()
    if receive_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(SECONDS)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET /api/stream/{channel} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def read_data(client: Any, count: int) -> list[Any]:
    """Read messages as the user guide does, and leave."""
    with closing(client.resp):
        return [json.loads(message.data) for _, message in zip(range(count), client, strict=False)]
