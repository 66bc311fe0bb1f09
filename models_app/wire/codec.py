"""Commands and what comes of them as values that can be sent: for an engine in another process.

The values are structs for MessagePack (`msgspec.msgpack`). A command is sent as it was asked, before an
engine places it with a model; whoever waits for its answer is no part of it. Features stay the text that came
from the client.
"""

import math
from typing import Any

import msgspec

from models_app.domain import errors, features, learns
from models_app.domain.errors import ChantillyError, ModelNotFound
from models_app.domain.failing import described
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import (
    Command,
    Inspect,
    LearnAgain,
    LearnById,
    LearnFeatures,
    Predict,
    PredictInDetail,
    ReplayTarget,
)
from models_app.engine.vitals import Vitals

#: A ground truth as it is sent: MessagePack has no integers beyond 64 bits, these are digits in a list.
TruthValue = GroundTruth | list[bytes]


class _Value(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message as it is sent; its tag comes first."""


class _Learn(_Value, frozen=True, tag=0):
    name: str | None
    features: bytes
    ground_truth: TruthValue
    received_at: float
    has_members: bool


class _Predict(_Value, frozen=True, tag=1):
    name: str | None
    features: bytes
    prediction_id: str | None
    received_at: float
    has_members: bool
    #: What else is asked for.
    options: tuple[str, ...] = ()


class _LearnById(_Value, frozen=True, tag=2):
    name: str | None
    prediction_id: str
    ground_truth: TruthValue
    received_at: float


class _LearnAgain(_Value, frozen=True, tag=3):
    name: str
    #: As the journal has it.
    learn: bytes
    target: ReplayTarget
    seq: int
    is_withdrawn: bool
    received_at: float


class _Inspect(_Value, frozen=True, tag=4):
    name: str


class Figures(_Value, frozen=True, tag=0):
    """A model's seq and metrics."""

    seq: int
    metrics: dict[str, float | None]


class _Predicted(_Value, frozen=True, tag=1):
    model: str
    #: As the journal has it: with every label's type.
    prediction: bytes
    #: What else there is to say, by name, in the same way; empty: nothing.
    details: bytes = b""


class _Refused(_Value, frozen=True, tag=2):
    code: str
    message: str | dict[str, list[str]]
    #: Of a model that was not found.
    name: str = ""
    near: list[str] = []


class _Failed(_Value, frozen=True, tag=3):
    reason: str


#: A command as it is sent.
CommandValue = _Learn | _Predict | _LearnById | _LearnAgain | _Inspect
#: What came of a command as it is sent; of a learn it is the seq.
OutcomeValue = int | Figures | _Predicted | _Refused | _Failed


def command_value(command: Command) -> CommandValue:
    """Return a command as it is sent; raises TypeError for what stays in its process."""
    name = None if command.relies_on_default else command.name
    match command:
        case LearnFeatures():
            truth = truth_value(command.ground_truth)
            return _Learn(name, command.text, truth, command.received_at, command.has_members)
        case Predict():
            options = command.options if isinstance(command, PredictInDetail) else ()
            asked = command.prediction_id, command.received_at, command.has_members
            return _Predict(name, command.text, *asked, options)
        case LearnById():
            truth = truth_value(command.ground_truth)
            return _LearnById(name, command.prediction_id, truth, command.received_at)
        case LearnAgain(name=str(name)):
            learn = learns.encode_one(command.learn)
            truth = command.ground_truth
            is_withdrawn = isinstance(truth, float) and math.isnan(truth)
            return _LearnAgain(name, learn, command.target, command.seq, is_withdrawn, command.received_at)
        case Inspect(name=str(name)):
            return _Inspect(name)
    raise TypeError(f"a {type(command).__name__} stays in its process")


def command_of(value: CommandValue) -> Command:
    """Undo `command_value`; raises `InvalidRequest` where the features are none."""
    match value:
        case _Learn():
            # Whoever has sent it has seen to its limits.
            x = features.decode(value.features)
            truth = truth_of(value.ground_truth)
            learn = LearnFeatures(value.name, value.features, x, truth, value.received_at)
            learn.has_members = value.has_members
            return learn
        case _Predict():
            x = features.decode(value.features)
            predict = Predict(value.name, value.features, x, value.prediction_id, value.received_at)
            predict.has_members = value.has_members
            return PredictInDetail(predict, value.options) if value.options else predict
        case _LearnAgain():
            again = LearnAgain(
                value.name, learns.decode_one(value.learn), value.target, value.seq, value.received_at
            )
            if value.is_withdrawn:
                again.ground_truth = math.nan
            return again
        case _LearnById():
            truth = truth_of(value.ground_truth)
            return LearnById(value.name, value.prediction_id, truth, value.received_at)
    return Inspect(value.name)


def outcome_value(outcome: Any) -> OutcomeValue:
    """Return what came of a command as it is sent: the engine's answer, or what it raised.

    What was predicted and can be written nowhere becomes the refusal that says so.
    """
    if isinstance(outcome, int):
        return outcome
    if isinstance(outcome, tuple):
        model, *parts = outcome
        try:
            return _Predicted(model, *(learns.encode_prediction(part).encode() for part in parts))
        except ChantillyError as refusal:
            return _refused(refusal)
    if isinstance(outcome, BaseException):
        error = errors.foreseen(outcome)
        if isinstance(error, ChantillyError):
            return _refused(error)
        return _Failed(" ".join(described(error).split()))
    if isinstance(outcome, Vitals):
        return Figures(outcome.seq, outcome.metrics)
    raise TypeError(f"{outcome!r} comes of no command that can be sent")


def outcome_of(value: OutcomeValue) -> Any:
    """Undo `outcome_value`: return the answer, or the error as a value.

    A refusal keeps its kind and its message, not its cause; what was not foreseen is a RuntimeError.
    """
    match value:
        case int():
            return value
        case _Predicted():
            prediction = learns.decode_prediction(value.prediction)
            if value.details:
                return value.model, prediction, learns.decode_prediction(value.details)
            return value.model, prediction
        case _Refused():
            refusal = errors.restored(value.code, value.message)
            if isinstance(refusal, ModelNotFound):
                refusal.name, refusal.near = value.name, value.near
            return refusal
        case _Failed():
            return RuntimeError(value.reason)
    return value


def _refused(refusal: ChantillyError) -> _Refused:
    said = refusal.message
    message = said if isinstance(said, str) else {field: list(reasons) for field, reasons in said.items()}
    if isinstance(refusal, ModelNotFound):
        return _Refused(refusal.code, message, refusal.name, list(refusal.near))
    return _Refused(refusal.code, message)


def truth_value(truth: GroundTruth) -> TruthValue:
    """Return a ground truth as it is sent."""
    is_large = type(truth) is int and not -(2**63) <= truth < 2**63
    return [msgspec.json.encode(truth)] if is_large else truth


def truth_of(value: TruthValue) -> GroundTruth:
    """Undo `truth_value`."""
    return msgspec.json.decode(value[0], type=int) if isinstance(value, list) else value
