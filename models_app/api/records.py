"""Many records in one request: read, submitted and answered together.

Used by arrays, the NDJSON stream and the WebSocket alike. A record that is refused is answered with
`{"error": code, "message": ...}` in its place, and the others go on.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Raw, UnsetType

from models_app.api import exceptions, needs
from models_app.domain import errors
from models_app.domain.errors import ChantillyError, Unauthenticated
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command
from models_app.engine.tracing import current_trace
from models_app.services import predicting
from models_app.wire import reading, writing
from models_app.wire.reading import Read, Text
from web import aside

logger = logging.getLogger(__name__)


class Submission:
    """Records that were read together. They are submitted at once and answered in their order.

    `op` is what records mean that do not say so themselves. Raises `ServerStopping`; then nothing is done.
    """

    def __init__(self, texts: Sequence[Text], op: str | None = None) -> None:
        self._begin(_read_all(texts, op, time.time()))
        predicting.submit(self._commands)

    @classmethod
    async def submitted(cls, texts: Sequence[Text], op: str | None = None) -> "Submission":
        """Return a submission; what would hold up the event loop is done in a thread."""
        if len(texts) <= aside.MAX_RECORDS_ON_LOOP and _n_bytes(texts) <= 2 * aside.MAX_BYTES_ON_LOOP:
            return cls(texts, op)
        submission = cls.__new__(cls)
        submission._begin(await aside.run(_read_all, texts, op, time.time()))
        if len(texts) <= aside.MAX_RECORDS_ON_LOOP:
            predicting.submit(submission._commands)
        else:
            await aside.run(predicting.submit, submission._commands)
        return submission

    def _begin(self, read: list[Read]) -> None:
        self._read = read
        self._commands = [command for command, _ in read if isinstance(command, Command)]
        self._bundle = Bundle(self._commands)
        self._trace = current_trace.get()
        self._outcomes: asyncio.Future[list[Any]] = self._bundle.answered_in_loop()

    def __len__(self) -> int:
        return len(self._read)

    async def answered(self) -> None:
        """Wait until all records are answered."""
        await asyncio.wait([self._outcomes])

    async def answers(self, first_line: int | None = None) -> list[bytes]:
        """Return the answers as JSON texts, in order; refusals name their line where lines are counted."""
        outcomes = await self._outcomes
        if len(self._read) <= aside.MAX_RECORDS_ON_LOOP:
            return self._answers_to(outcomes, first_line)
        return await aside.run(self._answers_to, outcomes, first_line)

    def _answers_to(self, results: Sequence[Any], first_line: int | None) -> list[bytes]:
        outcomes = iter(results)
        answers: list[bytes] = []
        n_refused = 0
        for position, (asked, ref) in enumerate(self._read):
            outcome = next(outcomes) if isinstance(asked, Command) else asked
            line = None if first_line is None else first_line + position
            n_refused += isinstance(outcome, BaseException)
            answers.append(_encode(outcome, ref, line))
        if self._trace is not None:
            self._trace.n_records += len(answers)
            self._trace.n_refused += n_refused
        return answers


def refusal(error: ChantillyError, line: int) -> bytes:
    """Return the answer to a line that nobody reads any more."""
    return _refused(error, UNSET, line)


def _n_bytes(texts: Sequence[Text]) -> int:
    return sum(len(text) for text in texts if not isinstance(text, ChantillyError))


def _read_all(texts: Sequence[Text], op: str | None, now: float) -> list[Read]:
    read = [reading.record(text, op, now) for text in texts]
    try:
        principal = needs.who()
    except Unauthenticated as error:
        # Their token has come to its end meanwhile.
        return [(error, ref) for _, ref in read]
    if needs.all_may():
        return read
    return [
        (asked if isinstance(asked, ChantillyError) else needs.refusal_of(asked, principal) or asked, ref)
        for asked, ref in read
    ]


def _encode(outcome: Any, ref: Raw | UnsetType, line: int | None) -> bytes:
    if isinstance(outcome, BaseException):
        return _refused(outcome, ref, line)
    try:
        return writing.record(outcome, ref)
    except Exception as error:
        # One answer that no JSON can hold must not cost the others theirs.
        return _refused(error, ref, line)


def _refused(error: BaseException, ref: Raw | UnsetType, line: int | None) -> bytes:
    error = errors.foreseen(error)
    if isinstance(error, ChantillyError):
        return writing.refused(error.code, exceptions.message_of(error), ref, line)
    logger.error("a record failed", exc_info=error)
    return writing.refused(errors.code_of(error), "Internal error.", ref, line)
