"""Helpers of the tests of the streams."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitoring.streams.event_ids import position_of
from monitoring.streams.frames import StreamEvent, text_event
from monitoring.streams.hub import Channel, Listener, get_channel

FIELD = re.compile(r"(?m)^(event|id|data): ?(.*)$")


@dataclass(frozen=True)
class Message:
    """One event of a stream, as a client reads it."""

    event: str
    id: int
    data: str


def numbered(numbers: Iterable[int]) -> list[StreamEvent]:
    """Return events whose data are the numbers."""
    return [text_event("count", str(number)) for number in numbers]


def messages(stream: bytes) -> list[Message]:
    """Parse what a stream sent, comments apart; what has no blank line at its end is no message."""
    found = []
    for block in stream.decode().split("\n\n")[:-1]:
        fields = FIELD.findall(block)
        data = "\n".join(value for name, value in fields if name == "data")
        by_name = dict(fields)
        found.append(
            Message(by_name["event"], position_of(by_name["id"], by_name["id"].partition(":")[0]), data)
        )
    return found


async def read_until(listener: Listener, is_enough: Callable[[list[Message]], bool]) -> list[Message]:
    """Read from a stream until the messages so far are enough."""
    stream = b""
    async with asyncio.timeout(20):
        while not is_enough(messages(stream)):
            stream += await anext(listener)
    return messages(stream)


async def read_count(listener: Listener, count: int) -> list[Message]:
    """Read that many messages."""
    return await read_until(listener, lambda found: len(found) >= count)


def make_channel(
    *, max_events: int = 1000, max_bytes: int = 1 << 20, grace_seconds: float = 60.0, keep_alive: float = 15.0
) -> Channel:
    """Return a channel of the test's own."""
    return Channel(
        "events",
        max_events=max_events,
        max_bytes=max_bytes,
        grace_seconds=grace_seconds,
        keep_alive_seconds=keep_alive,
    )


def listener_count(name: str) -> int:
    """Return the number of open streams of a channel."""
    return get_channel(name).listener_count()
