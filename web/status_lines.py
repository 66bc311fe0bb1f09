"""The first line of an answer, by its status."""

from http import HTTPStatus


def _line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


#: As bytes, with their ends.
STATUS_LINES = {status: _line(status) for status in range(100, 600)}
