"""Requests read from bytes as RFC 9112 has them: small, slow, and strict about where one ends."""

import re
from dataclasses import dataclass

_LINE = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS) +(/[!-~]*|\*) HTTP/1\.([01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)(?:;[\t -~\x80-\xff]*)?")


class Bad(Exception):
    """The bytes are no request."""


class Incomplete(Exception):
    """The request's end is not there."""


@dataclass(frozen=True)
class Plain:
    """A request, and whether another may follow it on the connection."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    is_last: bool


def read_all(data: bytes) -> list[Plain]:
    """Return the requests before the first that is bad, incomplete, or no plain HTTP."""
    requests: list[Plain] = []
    at = 0
    while at < len(data):
        try:
            request, at = _read_one(data, at)
        except (Bad, Incomplete):
            break
        requests.append(request)
        if request.is_last:
            break
    return requests


def _read_one(data: bytes, at: int) -> tuple[Plain, int]:
    while data[at : at + 1] in {b"\r", b"\n"}:
        at += 1
    line, at = _read_line(data, at)
    start = _LINE.fullmatch(line)
    if start is None:
        raise Bad
    headers, at = _read_headers(data, at)
    version = start[3]
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    lengths = [value for name, value in headers if name == b"content-length"]
    options = {
        option.strip().lower()
        for name, value in headers
        if name == b"connection"
        for option in value.split(b",")
    }
    if _opens_socket(start[1], version, headers, options):
        # What follows is another protocol.
        raise Bad
    if codings:
        if lengths or codings != [b"chunked"] or version == b"0":
            raise Bad
        body, at = _read_chunks(data, at)
    elif lengths:
        if len(lengths) > 1 or not re.fullmatch(rb"[0-9]+", lengths[0]):
            raise Bad
        end = at + int(lengths[0])
        if end > len(data):
            raise Incomplete
        body, at = data[at:end], end
    else:
        body = b""
    return Plain(start[1], start[2], headers, body, version == b"0" or b"close" in options), at


def _opens_socket(
    method: bytes, version: bytes, headers: tuple[tuple[bytes, bytes], ...], options: set[bytes]
) -> bool:
    upgrades = [value.lower() for name, value in headers if name == b"upgrade"]
    has_body = any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )
    asks = b"upgrade" in options and upgrades == [b"websocket"]
    return asks and method == b"GET" and version == b"1" and not has_body


def _read_line(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(b"\n", at)
    if end < 0:
        raise Incomplete
    line = data[at : end + 1]
    if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
        raise Bad
    return line[:-2], end + 1


def _read_headers(data: bytes, at: int) -> tuple[tuple[tuple[bytes, bytes], ...], int]:
    headers: list[tuple[bytes, bytes]] = []
    while True:
        line, at = _read_line(data, at)
        if not line:
            return tuple(headers), at
        header = _HEADER.fullmatch(line)
        if header is None:
            raise Bad
        headers.append((header[1].lower(), header[2]))


def _read_chunks(data: bytes, at: int) -> tuple[bytes, int]:
    body = b""
    while True:
        line, at = _read_line(data, at)
        chunk = _CHUNK.fullmatch(line)
        if chunk is None:
            raise Bad
        size = int(chunk[1], 16)
        if size == 0:
            trailers, at = _read_headers(data, at)
            if {name for name, _ in trailers} & {b"content-length", b"transfer-encoding"}:
                raise Bad
            return body, at
        if at + size + 2 > len(data):
            raise Incomplete
        if data[at + size : at + size + 2] != b"\r\n":
            raise Bad
        body += data[at : at + size]
        at += size + 2
