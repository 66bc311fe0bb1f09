"""Many records in one request: what one may say, what it asks of the engine, and its answer.

Used by arrays, the NDJSON stream and the WebSocket alike. A record that is refused is answered with
`{"error": code, "message": ...}` in its place, and the others go on.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.api import exceptions
from models_app.api.answers import encoded, prediction_fields
from models_app.api.bodies import UNREADABLE, BodyReader
from models_app.domain import errors, features, nesting
from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.engine.commands import Bundle, Command
from models_app.engine.tracing import current_trace
from models_app.services import predicting
from web import aside

logger = logging.getLogger(__name__)

_LEARNED = b"{}"


class Record(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A line of a stream: the fields of the single routes, and which of them is meant.

    `op` may be left out: with a ground truth it is a learn. `ref` is the client's own, echoed in the answer.
    """

    op: str | UnsetType = UNSET
    features: Raw | UnsetType = UNSET
    ground_truth: bool | int | float | str | UnsetType = UNSET
    id: int | str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    ref: Raw | UnsetType = UNSET


class _Reference(msgspec.Struct, gc=False):
    """What can still be told of a record that is refused."""

    ref: Raw | UnsetType = UNSET


_reader = BodyReader(Record)
_reference_decoder = msgspec.json.Decoder(_Reference)
#: A record as it came; one that cannot be read already has its refusal.
Text = bytes | Raw | ChantillyError
# What is asked of one record: a command, or the refusal that it got already.
Asked = tuple[Command | ChantillyError, Raw | UnsetType]


class Batch:
    """Records that were read together. They are submitted at once and answered in their order.

    `op` is what records mean that do not say so themselves. Raises `ServerStopping`; then nothing is done.
    """

    def __init__(self, texts: Sequence[Text], op: str | None = None) -> None:
        self._begin(_ask_all(texts, op, time.time()))
        predicting.submit(self._commands)

    @classmethod
    async def submitted(cls, texts: Sequence[Text], op: str | None = None) -> "Batch":
        """Return a batch; what would hold up the event loop is done in a thread."""
        if len(texts) <= aside.MAX_RECORDS_ON_LOOP and _n_bytes(texts) <= 2 * aside.MAX_BYTES_ON_LOOP:
            return cls(texts, op)
        batch = cls.__new__(cls)
        batch._begin(await aside.run(_ask_all, texts, op, time.time()))
        if len(texts) <= aside.MAX_RECORDS_ON_LOOP:
            predicting.submit(batch._commands)
        else:
            await aside.run(predicting.submit, batch._commands)
        return batch

    def _begin(self, asked: list[Asked]) -> None:
        self._asked = asked
        self._commands = [command for command, _ in asked if isinstance(command, Command)]
        self._bundle = Bundle(self._commands)
        self._trace = current_trace.get()
        self._outcomes: asyncio.Future[list[Any]] = self._bundle.answered_in_loop()

    def __len__(self) -> int:
        return len(self._asked)

    async def answered(self) -> None:
        """Wait until all records are answered."""
        await asyncio.wait([self._outcomes])

    async def answers(self, first_line: int | None = None) -> list[bytes]:
        """Return the answers as JSON texts, in order; refusals name their line where lines are counted."""
        outcomes = await self._outcomes
        if len(self._asked) <= aside.MAX_RECORDS_ON_LOOP:
            return self._told(outcomes, first_line)
        return await aside.run(self._told, outcomes, first_line)

    def _told(self, results: Sequence[Any], first_line: int | None) -> list[bytes]:
        outcomes = iter(results)
        answers: list[bytes] = []
        n_refused = 0
        for position, (asked, ref) in enumerate(self._asked):
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
    return _answer(error, UNSET, line)


class Window:
    """How much of a connection may be under way at a time: so many batches, and so many bytes of them.

    What does not fit waits, and the connection is not read meanwhile. A batch that is larger than all of it
    passes alone. One task enters, another leaves.
    """

    def __init__(self, *, max_batches: int, max_bytes: int) -> None:
        self._max_batches = max_batches
        self._max_bytes = max_bytes
        self._sizes: deque[int] = deque()
        self._n_bytes = 0
        self._is_closed = False
        self._changed = asyncio.Event()

    async def enter(self, n_bytes: int) -> bool:
        """Wait for room and take it; False: nobody waits for answers any more."""
        while self._sizes and not self._is_closed and not self._fits(n_bytes):
            self._changed.clear()
            await self._changed.wait()
        self._sizes.append(n_bytes)
        self._n_bytes += n_bytes
        return not self._is_closed

    def leave(self) -> None:
        """Give back the room of the oldest batch."""
        self._n_bytes -= self._sizes.popleft()
        self._changed.set()

    def close(self) -> None:
        """Let nobody in any more, nor wait."""
        self._is_closed = True
        self._changed.set()

    def _fits(self, n_bytes: int) -> bool:
        return len(self._sizes) < self._max_batches and self._n_bytes + n_bytes <= self._max_bytes


def _n_bytes(texts: Sequence[Text]) -> int:
    return sum(len(text) for text in texts if not isinstance(text, ChantillyError))


def _ask_all(texts: Sequence[Text], op: str | None, now: float) -> list[Asked]:
    return [_ask(text, op, now) for text in texts]


def _ask(text: Text, op: str | None, now: float) -> Asked:
    if isinstance(text, ChantillyError):
        return text, UNSET
    ref: Raw | UnsetType = UNSET
    try:
        record = _reader.read(bytes(text))
        ref = _readable(record.ref)
        return _command(record, op, now), ref
    except InvalidRequest as refusal:
        return refusal, _find_reference(bytes(text)) if ref is UNSET else ref
    except ChantillyError as refusal:
        return refusal, ref


def _readable(ref: Raw | UnsetType) -> Raw | UnsetType:
    if ref is not UNSET:
        # Raw JSON is not decoded: its strings may hold anything, and would make the answer unreadable.
        text = bytes(ref)
        if text.isdigit() or (text[:1] == b'"' and text.isascii()):
            # As most are.
            return ref
        try:
            fault = nesting.fault_of(text, msgspec.json.decode(text))
        except UnicodeDecodeError:
            fault = "must be valid UTF-8"
        except UNREADABLE as error:
            fault = str(error)
        if fault is not None:
            raise InvalidRequest({"ref": [fault]})
    return ref


def _find_reference(text: bytes) -> Raw | UnsetType:
    """Return the reference of a record that is refused, where it can be told: the client looks for it."""
    try:
        return _readable(_reference_decoder.decode(text).ref)
    except (*UNREADABLE, InvalidRequest):
        return _find_reference_in_odd(text)


def _find_reference_in_odd(text: bytes) -> Raw | UnsetType:
    """Look again, less strictly: what stands beside the reference may be NaN, or no character."""
    if len(text) > features.MAX_EXPLAINED_BYTES:
        return UNSET
    try:
        found = json.loads(text.decode("utf-8", "surrogateescape"))
        # Bytes that are no characters would come back as what the client did not send.
        return _readable(Raw(json.dumps(found["ref"], allow_nan=False, ensure_ascii=False).encode()))
    except (ValueError, TypeError, KeyError, RecursionError, InvalidRequest):
        return UNSET


def _command(record: Record, op: str | None, now: float) -> Command:
    said = record.op if record.op is not UNSET else op
    if said is None:
        said = "predict" if record.ground_truth is UNSET else "learn"
    prediction_id = None if record.id is UNSET else record.id
    model = None if record.model is UNSET else record.model
    text = None if record.features is UNSET else bytes(record.features)
    if said == "learn":
        if record.ground_truth is UNSET:
            raise InvalidRequest({"ground_truth": ["required field"]})
        return predicting.learn_command(
            ground_truth=record.ground_truth,
            prediction_id=prediction_id,
            features_json=text,
            model=model,
            now=now,
        )
    if said != "predict":
        raise InvalidRequest({"op": ["must be 'predict' or 'learn'"]})
    if record.ground_truth is not UNSET:
        raise InvalidRequest({"ground_truth": ["unknown field"]})
    if text is None:
        raise InvalidRequest({"features": ["required field"]})
    return predicting.predict_command(features_json=text, prediction_id=prediction_id, model=model, now=now)


def _encode(outcome: Any, ref: Raw | UnsetType, line: int | None) -> bytes:
    try:
        return _answer(outcome, ref, line)
    except Exception as error:
        # One answer that no JSON can hold must not cost the others theirs.
        return _answer(error, ref, line)


def _answer(outcome: Any, ref: Raw | UnsetType, line: int | None) -> bytes:
    if isinstance(outcome, BaseException):
        answer: dict[str, object] = _refusal(outcome)
        if line is not None:
            answer["line"] = line
    elif isinstance(outcome, tuple):
        answer = prediction_fields(*outcome)
    elif ref is UNSET:
        return _LEARNED
    else:
        answer = {}
    if ref is not UNSET:
        answer["ref"] = ref
    return encoded(answer)


def _refusal(error: BaseException) -> dict[str, object]:
    error = errors.foreseen(error)
    if isinstance(error, ChantillyError):
        return {"error": error.code, "message": exceptions.message_of(error)}
    logger.error("a record failed", exc_info=error)
    return {"error": "internal_error", "message": "Internal error."}
