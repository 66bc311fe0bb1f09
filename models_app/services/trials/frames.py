"""Frames on a trial's socket: there the upload, back a JSON object a line."""

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

#: What comes with a trial's socket: the seconds that it may take.
SECONDS = struct.Struct("!d")
_HEAD = struct.Struct("!QQ")
_CHUNK = 1024**2
# More than any finding has to say: two specifications, and that twice.
_MAX_ANSWER_BYTES = 2 * 1024**2


class Broken(Exception):
    """The other end says what it should not, or nothing."""


class TooMuch(Broken):
    """It is not the trial that says it, but what is tried."""


def send_request(connection: socket.socket, request: dict[str, Any], data: bytes) -> None:
    """Send what is to be tried, and how."""
    text = json.dumps(request).encode()
    connection.sendall(_HEAD.pack(len(text), len(data)) + text)
    connection.sendall(data)


def receive_request(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Return what `send_request` sent."""
    text_length, length = _HEAD.unpack(_receive(connection, _HEAD.size))
    request: dict[str, Any] = json.loads(_receive(connection, text_length))
    return request, bytes(_receive(connection, length))


def send_answer(connection: socket.socket, **answer: object) -> None:
    """Send one line."""
    connection.sendall(json.dumps(answer).encode() + b"\n")


def answers(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """Yield what was sent, up to the end; raises `Broken` where it is no answer, or too long."""
    received = 0
    rest = b""
    while some := connection.recv(_CHUNK):
        received += len(some)
        if received > _MAX_ANSWER_BYTES:
            raise TooMuch("it says too much")
        *lines, rest = (rest + some).split(b"\n")
        for line in lines:
            yield _answer(line)


def _answer(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError:
        raise Broken("it is no JSON") from None
    if not isinstance(answer, dict):
        raise Broken("it is no object")
    return answer


def _receive(connection: socket.socket, length: int) -> bytearray:
    received = bytearray(length)
    view, place = memoryview(received), 0
    while place < length:
        n = connection.recv_into(view[place:], min(length - place, _CHUNK))
        if n == 0:
            raise Broken("it ends too early")
        place += n
    return received
