"""A listener of Server-Sent Events."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Heard:
    """One event: its name (the default is `message`) and its data."""

    event: str
    data: Any


@contextmanager
def listening(port: int, path: str) -> Iterator[Iterator[Heard]]:
    """Open a stream and give what comes, up to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200
        assert response.headers.get_content_type() == "text/event-stream"
        yield _events(response)
    finally:
        connection.close()


def _events(response: http.client.HTTPResponse) -> Iterator[Heard]:
    name, data = "message", ""
    while line := response.readline().decode():
        field, _, value = line.rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
        elif not field and data:
            yield Heard(name, json.loads(data))
            name, data = "message", ""
