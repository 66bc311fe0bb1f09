"""The work before the first request and after the last."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from django.conf import settings
from django.urls import get_resolver

from web.asgi import Receive, Scope, Send

logger = logging.getLogger(__name__)
# However late it is, the runtime gets a moment to put down what it holds.
LEAST_SECONDS = 0.5


class Runtime(Protocol):
    """A part to start before the first request and to stop after the last; a module will do.

    All are called in a thread: they may block.
    """

    def start_engine(self, loop: asyncio.AbstractEventLoop, /) -> None:
        """Start; `loop` is where answers are awaited."""

    def announce_shutdown(self) -> None:
        """Have open streams end, and call what was given to `on_shutdown`."""

    def on_shutdown(self, callback: Callable[[], None], /) -> None:
        """Have `callback` called when the stop is announced."""

    def stop_engine(self, *, seconds: float) -> None:
        """Stop, within `seconds`."""


class Lifespan:
    """Answers the ASGI lifespan messages: starts the runtime, and stops it in the time that is left."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._stop_by: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one lifespan, from startup to shutdown."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await _answer(send, "startup", partial(self._start, asyncio.get_running_loop()))
            else:
                await _answer(send, "shutdown", self._stop)
                return

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        # The first request would pay for it: with River the routes take seconds to import.
        _ = get_resolver().url_patterns
        self._runtime.on_shutdown(self._note_stop)
        self._runtime.start_engine(loop)

    def _note_stop(self) -> None:
        self._stop_by = time.monotonic() + settings.SHUTDOWN_SECONDS

    def _stop(self) -> None:
        if self._stop_by is None:
            # `serve` announces as soon as the signal comes; other servers do not.
            self._runtime.announce_shutdown()
        self._runtime.stop_engine(seconds=self._seconds_left())

    def _seconds_left(self) -> float:
        left = settings.SHUTDOWN_SECONDS if self._stop_by is None else self._stop_by - time.monotonic()
        return max(LEAST_SECONDS, left)


async def _answer(send: Send, phase: str, step: Callable[[], None]) -> None:
    """Run a step in a thread (it blocks and uses the database) and report to the server how it went."""
    try:
        await asyncio.to_thread(step)
    except Exception as error:
        logger.exception("The %s failed", phase)
        await send({"type": f"lifespan.{phase}.failed", "message": repr(error)})
    else:
        await send({"type": f"lifespan.{phase}.complete"})
