"""Requests under way on the short way."""

import asyncio
from typing import Any

from web.asgi import AnswerSoon


class ShortCycle:
    """A request on the short way: as much of a `Cycle` as the rest of the protocol looks at."""

    __slots__ = (
        "answer_soon", "asked", "body", "disconnected", "headers", "keep_alive", "message_event", "more_body",
        "response_complete",
    )  # fmt: skip

    def __init__(self, answer_soon: AnswerSoon) -> None:
        self.answer_soon = answer_soon
        self.asked: Any = None
        self.body = bytearray()
        self.disconnected = False
        self.keep_alive = True
        self.message_event = _NOBODY_WAITS
        self.more_body = True
        self.response_complete = False

    def cancel(self, msg: object = None) -> None:
        """Have it answered at once."""
        # Not within this call: who makes it goes through the tasks, and the answer takes this one out.
        asyncio.get_running_loop().call_soon(self.asked.cancel)


class _NoEvent:
    def set(self) -> None:
        """Wake nobody."""


_NOBODY_WAITS = _NoEvent()
