"""Commands and what comes of them as bytes: for an engine in another process.

A command is written as it was asked, before the engine places it with a model. Whoever waits for its answer
is no part of it.
"""

from typing import Any

import msgspec
from msgspec.msgpack import Decoder

from models_app.domain import errors, features, learns
from models_app.domain.errors import ChantillyError, ModelNotFound
from models_app.domain.failing import described
from models_app.domain.predictions import Prediction
from models_app.engine.commands import Command, LearnById, LearnFeatures, Predict

# Ground truths and predictions are bytes: JSON text as the journal keeps it, which has every label's type and
# integers of any size. Features stay the text that came from the client.


class EngineFailed(Exception):
    """An engine in another process raised what was not foreseen; says what."""


class _Value(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="kind"):
    """A message as it is sent; the kind comes first."""


class _Predict(_Value, frozen=True, tag="predict"):
    name: str | None
    features: bytes
    prediction_id: str | None
    received_at: float


class _LearnById(_Value, frozen=True, tag="learn_by_id"):
    name: str | None
    prediction_id: str
    ground_truth: bytes
    received_at: float


class _LearnFeatures(_Value, frozen=True, tag="learn_features"):
    name: str | None
    features: bytes
    ground_truth: bytes
    received_at: float


class _Predicted(_Value, frozen=True, tag="predicted"):
    model: str
    prediction: bytes


class _Learned(_Value, frozen=True, tag="learned"):
    seq: int


class _Refused(_Value, frozen=True, tag="refused"):
    code: str
    message: str | dict[str, list[str]]
    #: Of a model that was not found.
    name: str = ""
    near: list[str] = []


class _Failed(_Value, frozen=True, tag="failed"):
    reason: str


_Command = _Predict | _LearnById | _LearnFeatures
_Outcome = _Predicted | _Learned | _Refused | _Failed

_encoder = msgspec.msgpack.Encoder()
_command_decoder: Decoder[_Command] = Decoder(_Command)
_outcome_decoder: Decoder[_Outcome] = Decoder(_Outcome)


def encode_command(command: Command) -> bytes:
    """Return a command as bytes; raises TypeError for what stays in its process."""
    return _encoder.encode(_command_value(command))


def decode_command(data: bytes) -> Predict | LearnById | LearnFeatures:
    """Undo `encode_command`; raises `msgspec.MsgspecError` where the bytes are no command."""
    value = _command_decoder.decode(data)
    match value:
        case _Predict(name, text, prediction_id, received_at):
            return Predict(name, text, features.decode(text), prediction_id, received_at)
        case _LearnById(name, prediction_id, ground_truth, received_at):
            return LearnById(name, prediction_id, _truth(ground_truth), received_at)
    text, ground_truth = value.features, _truth(value.ground_truth)
    return LearnFeatures(value.name, text, features.decode(text), ground_truth, value.received_at)


def encode_outcome(outcome: object) -> bytes:
    """Return what came of a command as bytes: the engine's answer, or what it raised.

    What was predicted and can be written nowhere is refused: it becomes the `ModelRaised` that says so.
    """
    try:
        return _encoder.encode(_outcome_value(outcome))
    except ChantillyError as refusal:
        return _encoder.encode(_outcome_value(refusal))


def decode_outcome(data: bytes) -> Any:
    """Undo `encode_outcome`: return an answer, or a refusal, or an `EngineFailed`, as a value.

    A refusal has its kind and its message, not its cause.
    """
    value = _outcome_decoder.decode(data)
    match value:
        case _Predicted(model, prediction):
            return model, learns.decode_prediction(prediction)
        case _Learned(seq):
            return seq
        case _Refused(code, message, name, near):
            error = errors.restored(code, message)
            if isinstance(error, ModelNotFound):
                error.name, error.near = name, near
            return error
    return EngineFailed(value.reason)


def _command_value(command: Command) -> _Value:
    name = None if command.relies_on_default else command.name
    match command:
        case Predict():
            return _Predict(name, command.text, command.prediction_id, command.received_at)
        case LearnById():
            truth = _written(command.ground_truth)
            return _LearnById(name, command.prediction_id, truth, command.received_at)
        case LearnFeatures():
            return _LearnFeatures(name, command.text, _written(command.ground_truth), command.received_at)
    raise TypeError(f"a {type(command).__name__} stays in its process")


def _outcome_value(outcome: Any) -> _Value:
    match errors.foreseen(outcome) if isinstance(outcome, BaseException) else outcome:
        case ModelNotFound() as error:
            return _Refused(error.code, _message(error), error.name, list(error.near))
        case ChantillyError() as error:
            return _Refused(error.code, _message(error))
        case BaseException() as error:
            return _Failed(described(error))
        case (str() as model, prediction):
            return _Predicted(model, _written(prediction))
        case int() as seq:
            return _Learned(seq)
    raise TypeError(f"{outcome!r} comes of no command that can be sent")


def _message(error: ChantillyError) -> Any:
    message = error.message
    return message if isinstance(message, str) else {field: list(said) for field, said in message.items()}


def _written(value: Prediction) -> bytes:
    return learns.encode_prediction(value).encode()


def _truth(text: bytes) -> Any:
    return learns.decode_prediction(text)
