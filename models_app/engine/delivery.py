"""The way of answers back to whoever asked for them."""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from models_app.domain.failing import described
from models_app.engine.commands import Answer, Outbox

logger = logging.getLogger(__name__)


class Owed:
    """Gives answers when whatever they wait for has ended, well or not; from any thread."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        # Whoever gets it gives them.
        self._are_given = threading.Lock()

    def done(self) -> bool:
        """Say whether they are given."""
        return self._are_given.locked()

    def set_result(self, result: Any) -> None:
        """Give them."""
        if self._are_given.acquire(blocking=False):
            deliver(self._answers)

    def set_exception(self, error: BaseException) -> None:
        """Give them all the same."""
        self.set_result(error)


def deliver(answers: Iterable[Answer], *, here: asyncio.AbstractEventLoop | None = None) -> None:
    """Hand results or errors to who waits for them: one wake-up per event loop, not per answer.

    `here` is the loop whose thread this is: who waits in that one needs none.
    """
    by_loop: dict[asyncio.AbstractEventLoop | Outbox, list[Answer]] = defaultdict(list)
    for answer in answers:
        command, result, error = answer
        if error is not None:
            error = _answerable(error)
        if command.lease is not None:
            command.lease.give_back()
            command.lease = None
        if command.bundle is not None:
            try:
                command.bundle.settle(command.position, result if error is None else error)
            except Exception:
                logger.exception("an answer could not be given")
        elif command.loop is None or command.loop is here:
            _settle((command, result, error))
        else:
            by_loop[command.loop].append((command, result, error))
    for loop, group in by_loop.items():
        try:
            if isinstance(loop, Outbox):
                loop.take(group)
            else:
                loop.call_soon_threadsafe(_settle_all, group)
        except RuntimeError:
            # The loop is closed: a server that was stopped hard. What was committed stays committed.
            logger.warning("%d answers had nobody to go to", len(group))


def _settle_all(answers: list[Answer]) -> None:
    for answer in answers:
        _settle(answer)


def _settle(answer: Answer) -> None:
    command, result, error = answer
    future = command.future
    try:
        # Done already: the client went away, or nobody ever waited.
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
    except Exception:
        # The other answers of the batch go out all the same.
        logger.exception("an answer could not be given")


def _answerable(error: BaseException) -> Exception:
    """Return what can be raised where the answer is awaited, and ends nothing but that."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    answerable = RuntimeError(described(error))
    answerable.__cause__ = error
    return answerable
