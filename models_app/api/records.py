"""Many records in one request: what one may say, what it asks of the engine, and its answer.

Used by arrays, the NDJSON stream and the WebSocket alike. A record that is refused is answered with
`{"error": code, "message": ...}` in its place, and the others go on.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.api.bodies import BodyReader
from models_app.domain import predictions
from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.engine.commands import Bundle, Command
from models_app.services import predicting

logger = logging.getLogger(__name__)

_encoder = msgspec.json.Encoder()
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


_reader = BodyReader(Record)
# What is asked of one record: a command, or the refusal that it got already.
Asked = tuple[Command | ChantillyError, Raw | UnsetType]


class Batch:
    """Records that were read together. They are submitted at once and answered in their order.

    `op` is what records mean that do not say so themselves.
    """

    def __init__(self, texts: Sequence[bytes | Raw], op: str | None = None) -> None:
        now = time.time()
        self._asked = [_ask(text, op, now) for text in texts]
        commands = [asked for asked, _ in self._asked if isinstance(asked, Command)]
        self._bundle = Bundle(commands)
        self._outcomes: asyncio.Future[list[Any]] = self._bundle.answered_in_loop()
        predicting.submit(commands)

    def __len__(self) -> int:
        return len(self._asked)

    async def answers(self, first_line: int | None = None) -> list[bytes]:
        """Return the answers as JSON texts, in order; refusals name their line where lines are counted."""
        outcomes = iter(await self._outcomes)
        answers = []
        for position, (asked, ref) in enumerate(self._asked):
            outcome = next(outcomes) if isinstance(asked, Command) else asked
            line = None if first_line is None else first_line + position
            answers.append(_answer(outcome, ref, line))
        return answers


def _ask(text: bytes | Raw, op: str | None, now: float) -> Asked:
    ref: Raw | UnsetType = UNSET
    try:
        record = _reader.read(bytes(text))
        ref = record.ref
        return _command(record, op, now), ref
    except ChantillyError as refusal:
        return refusal, ref


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


def _answer(outcome: Any, ref: Raw | UnsetType, line: int | None) -> bytes:
    if isinstance(outcome, BaseException):
        answer: dict[str, object] = _refusal(outcome)
        if line is not None:
            answer["line"] = line
    elif isinstance(outcome, tuple):
        name, prediction = outcome
        answer = {"model": name, "prediction": predictions.to_json(prediction)}
    elif ref is UNSET:
        return _LEARNED
    else:
        answer = {}
    if ref is not UNSET:
        answer["ref"] = ref
    return _encoder.encode(answer)


def _refusal(error: BaseException) -> dict[str, object]:
    if isinstance(error, ChantillyError):
        return {"error": error.code, "message": error.message}
    logger.error("a record failed", exc_info=error)
    return {"error": "internal_error", "message": "Internal error."}
