"""The ids of events as clients have them: of which process, and the number in the ring of a channel.

Each process has rings of its own, whose numbers overlap those of others: what one gave away means nothing to
another, such as the next web worker that a client comes to.
"""

import functools
import os
import secrets
from urllib.parse import unquote

from django_eventstream.utils import make_id, parse_last_event_id

#: Older than every event: a listener with an id that says nothing hears that it missed some.
UNKNOWN_POSITION = -1


def event_id(channel: str, number: int) -> str:
    """Return what a client gets of an event, and gives back as `Last-Event-ID`."""
    text: str = make_id({channel: f"{number}-{_process()}"})
    return text


def position_of(text: str, channel: str) -> int:
    """Undo `event_id`; `UNKNOWN_POSITION` for what this process has not given away.

    >>> position_of(event_id("events", 7), "events"), position_of("events:7-other", "events")
    (7, -1)
    """
    try:
        ids = {unquote(name): position for name, position in parse_last_event_id(text).items()}
        number, _, process = ids[channel].partition("-")
        return int(number) if process == _process() else UNKNOWN_POSITION
    except (KeyError, ValueError):
        return UNKNOWN_POSITION


def _process() -> str:
    # Web workers are forks of one process.
    return _drawn(os.getpid())


@functools.cache
def _drawn(_pid: int) -> str:
    return secrets.token_hex(4)
