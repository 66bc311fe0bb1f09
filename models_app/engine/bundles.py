"""Commands that are answered together."""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from models_app.engine.commands import Command

logger = logging.getLogger(__name__)


class Bundle:
    """One future for several commands, with their results or errors in order."""

    #: Whether more follow as soon as these are answered, and not before: as a client asks that waits for
    #: each answer.
    is_followed = False

    def __init__(self, commands: Sequence[Command]) -> None:
        self.outcomes: list[Any] = [None] * len(commands)
        self._answered = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._future: asyncio.Future[list[Any]] | Future[list[Any]]
        for position, command in enumerate(commands):
            command.bundle = self
            command.position = position
            command.ends_request = False
        if commands:
            commands[-1].ends_request = True

    def answered_in_loop(self) -> asyncio.Future[list[Any]]:
        """Return a future of the running event loop for the outcomes."""
        self._loop = asyncio.get_running_loop()
        self._future = future = self._loop.create_future()
        self._finish_if_empty()
        return future

    def answered_in_thread(self) -> Future[list[Any]]:
        """Return a future for a thread to wait on."""
        self._future = future = Future[list[Any]]()
        self._finish_if_empty()
        return future

    def settle(self, position: int, outcome: Any) -> None:
        """Note an outcome; the last one of all answers. Engine threads call it side by side."""
        self.outcomes[position] = outcome
        # `next` of a count is one step of the interpreter: no two threads get the same number.
        if next(self._answered) == len(self.outcomes):
            self._finish()

    def _finish_if_empty(self) -> None:
        if not self.outcomes:
            self._future.set_result([])

    def _finish(self) -> None:
        if self._loop is None:
            self._future.set_result(self.outcomes)
            return
        try:
            self._loop.call_soon_threadsafe(_set_result, self._future, self.outcomes)
        except RuntimeError:
            logger.warning("%d answers had nobody to go to", len(self.outcomes))


def _set_result(future: asyncio.Future[Any] | Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)
