"""Single requests, outside of what is measured."""

import http.client
import json
from typing import Any

TIMEOUT_SECONDS = 120


class CallError(Exception):
    """A request was not answered as it should be."""


def call(port: int, method: str, path: str, body: bytes | None = None, *, expect: int = 200) -> bytes:
    """Make a request and return the answer's body; raises `CallError` on another status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CallError(f"{method} {path}: {error!r}") from error
    finally:
        connection.close()
    if response.status != expect:
        raise CallError(f"{method} {path} answered {response.status}: {answer[:300]!r}")
    return answer


def call_json(port: int, method: str, path: str, content: object = None, *, expect: int = 200) -> Any:
    """Make a request of JSON and return the answer's."""
    body = None if content is None else json.dumps(content).encode()
    return json.loads(call(port, method, path, body, expect=expect))
