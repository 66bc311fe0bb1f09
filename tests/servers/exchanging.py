"""A client of /api/stream that sends a line, and reads its answer, when the test wants it."""

import http.client
import json
import socket
import struct
import time
from typing import Any, Self

from tests.servers.servers import Server
from tests.servers.waiting import wait_until

TIMEOUT_SECONDS = 60


def settle(server: Server, name: str) -> None:
    """Wait until a model learns no more: what a client leaves behind is done by and by."""
    seqs = [-1]

    def learns_no_more() -> bool:
        time.sleep(0.3)
        seqs.append(server.database.seq(name))
        return seqs[-1] == seqs[-2]

    wait_until(learns_no_more)


def line(**fields: object) -> bytes:
    """Return a record as a line."""
    return json.dumps(fields).encode() + b"\n"


class Exchange:
    """One request whose body is still being sent while its answer is read."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        head = ["POST /api/stream HTTP/1.1", f"Host: localhost:{port}", "Transfer-Encoding: chunked"]
        head.append("Content-Type: application/x-ndjson")
        self._socket.sendall("\r\n".join([*head, "", ""]).encode())
        self._response = http.client.HTTPResponse(self._socket, method="POST")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> http.client.HTTPResponse:
        """Wait for the answer's beginning and return it."""
        if not self._response.headers:
            self._response.begin()
        return self._response

    def send(self, data: bytes) -> None:
        """Send a piece of the body."""
        self._socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def answer(self) -> Any:
        """Return the next answer; None at the end."""
        self.begin()
        text = self._response.readline()
        return json.loads(text) if text else None

    def ask(self, **fields: object) -> Any:
        """Send a record and return its answer."""
        self.send(line(**fields))
        return self.answer()

    def finish(self) -> list[Any]:
        """End the body and return the answers that are left."""
        self._socket.sendall(b"0\r\n\r\n")
        return self.rest()

    def rest(self) -> list[Any]:
        """Return the answers that are left."""
        return list(iter(self.answer, None))

    def break_off(self) -> None:
        """Drop the connection as a process does that dies: what is under way is gone."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._socket.close()
