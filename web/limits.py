"""Limits of a connection: how much of the server it may take, and for how long."""

from dataclasses import dataclass, replace
from functools import cache

from django.conf import settings

from web import open_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a connection. Sizes are in bytes, times in seconds."""

    #: Of a request's head: its line and its header lines.
    head_bytes: int = 1 << 16
    header_lines: int = 100
    #: Of the address in a request's line.
    url_bytes: int = 1 << 14
    #: For a head, from its first byte to its last.
    head_seconds: float = 20.0
    #: Without a byte of a body that has begun.
    body_seconds: float = 60.0
    #: Between two requests. Longer than proxies keep a connection to reuse it: the end that closes first wins
    #: no race.
    idle_seconds: float = 75.0
    #: Without a byte in either direction, where records may come as slowly as they like.
    rest_seconds: float = 3600.0
    #: Without a byte taken of an answer.
    send_seconds: float = 30.0
    #: What is read, and dropped, of a request that was answered before its end: without a byte, and at all.
    linger_silent_seconds: float = 5.0
    linger_seconds: float = 30.0
    #: As many at a time.
    connections: int = 2000


@cache
def hurried(limits: Limits) -> Limits:
    """Return the limits while the server stops: nobody is waited for who does not move."""
    return replace(limits, send_seconds=1.0, rest_seconds=1.0, linger_silent_seconds=0.5, linger_seconds=2.0)


def from_settings() -> Limits:
    """Return the limits that the settings name."""
    return Limits(
        head_bytes=settings.MAX_HEAD_BYTES,
        header_lines=settings.MAX_HEADER_LINES,
        url_bytes=settings.MAX_URL_BYTES,
        head_seconds=settings.HEAD_SECONDS,
        body_seconds=settings.BODY_SECONDS,
        idle_seconds=settings.IDLE_SECONDS,
        rest_seconds=settings.REST_SECONDS,
        send_seconds=settings.STREAM_SEND_SECONDS,
        connections=open_files.allow_connections(settings.CONNECTIONS_MAX),
    )
