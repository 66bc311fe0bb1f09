"""Frames on the socket between a command and the server: JSON, each with its length before it."""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TypeVar

import msgspec
from msgspec import Raw

from models_app.domain import features, learns
from models_app.domain.errors import ChantillyError, ModelNotFound, rebuilt
from models_app.domain.learns import Learn
from models_app.engine.commands import (
    Command,
    Inspect,
    LearnAgain,
    LearnFeatures,
    Predict,
    ReplayTarget,
)

#: Of what is said here. Who says it in another way works for itself.
VERSION = 1
_LENGTH = struct.Struct("!I")

T = TypeVar("T")


class Greeting(msgspec.Struct):
    """The first frame of a command: which version it speaks, and whether it goes on after a bad record."""

    version: int
    skips_errors: bool


class _Learn(msgspec.Struct, array_like=True, tag=0, gc=False):
    name: str | None
    features: Raw
    # None: not a number, which no JSON has. It was withdrawn.
    ground_truth: bool | int | float | str | None
    received_at: float


class _Predict(msgspec.Struct, array_like=True, tag=1, gc=False):
    name: str | None
    features: Raw
    prediction_id: str | None
    received_at: float


class _LearnAgain(msgspec.Struct, array_like=True, tag=2, gc=False):
    name: str
    learn: Learn
    target: ReplayTarget
    seq: int
    is_withdrawn: bool
    received_at: float


class _Inspect(msgspec.Struct, array_like=True, tag=3, gc=False):
    name: str


class Stop(msgspec.Struct, array_like=True, tag=4, gc=False):
    """Nothing is to be done any more of what the engine does not have yet."""


Asked = _Learn | _Predict | _LearnAgain | _Inspect | Stop


class Figures(msgspec.Struct, array_like=True, tag=0, gc=False):
    """A model's seq and metrics."""

    seq: int
    metrics: dict[str, float | None]


class _Predicted(msgspec.Struct, array_like=True, tag=1, gc=False):
    name: str
    prediction: Raw


class _Refused(msgspec.Struct, array_like=True, tag=2, gc=False):
    code: str
    message: str | dict[str, list[str]]
    name: str = ""


Told = int | Figures | _Predicted | _Refused

_encoder = msgspec.json.Encoder()
_greeting_decoder = msgspec.json.Decoder(Greeting)
_asked_decoder: msgspec.json.Decoder[list[Asked]] = msgspec.json.Decoder(list[Asked])
_told_decoder: msgspec.json.Decoder[list[Told]] = msgspec.json.Decoder(list[Told])


def frame(value: object) -> bytes:
    """Return a value as it is sent."""
    text = _encoder.encode(value)
    return _LENGTH.pack(len(text)) + text


def read_greeting(file: BinaryIO) -> Greeting | None:
    """Return what the other end says first; None: it says nothing that is understood. Raises `OSError`."""
    try:
        return next(_read(file, _greeting_decoder), None)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def read_asked(file: BinaryIO) -> Iterator[list[Asked]]:
    """Yield what a command asks, up to its end; raises `OSError`, `MsgspecError`."""
    return _read(file, _asked_decoder)


def read_told(file: BinaryIO) -> Iterator[list[Told]]:
    """Yield what the server answers, up to its end; raises `OSError`, `MsgspecError`."""
    return _read(file, _told_decoder)


def _read(file: BinaryIO, decoder: msgspec.json.Decoder[T]) -> Iterator[T]:
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        text = file.read(length)
        if len(text) < length:
            return
        yield decoder.decode(text)


def asked_of(commands: Sequence[Command]) -> list[Asked]:
    """Return commands as they are sent."""
    return [_asked(command) for command in commands]


def _asked(command: Command) -> Asked:
    match command:
        case LearnFeatures():
            return _Learn(command.name, Raw(command.text), command.ground_truth, command.received_at)
        case Predict():
            return _Predict(command.name, Raw(command.text), command.prediction_id, command.received_at)
        case LearnAgain(name=str(name)):
            is_withdrawn = isinstance(command.ground_truth, float) and math.isnan(command.ground_truth)
            return _LearnAgain(
                name, command.learn, command.target, command.seq, is_withdrawn, command.received_at
            )
        case Inspect(name=str(name)):
            return _Inspect(name)
    raise TypeError(f"{type(command).__name__} is for no server")


def command_of(asked: Asked) -> Command | ChantillyError:
    """Return the command that was sent, or why it is none."""
    try:
        return _command(asked)
    except ChantillyError as error:
        return error


def _command(asked: Asked) -> Command:
    match asked:
        case _Learn():
            text = bytes(asked.features)
            truth = math.nan if asked.ground_truth is None else asked.ground_truth
            # Whoever has sent it has looked at its limits.
            return LearnFeatures(asked.name, text, features.decode(text), truth, asked.received_at)
        case _Predict():
            text = bytes(asked.features)
            x = features.decode(text)
            return Predict(asked.name, text, x, asked.prediction_id, asked.received_at)
        case _LearnAgain():
            again = LearnAgain(asked.name, asked.learn, asked.target, asked.seq, asked.received_at)
            if asked.is_withdrawn:
                again.ground_truth = math.nan
            return again
        case _Inspect():
            return Inspect(asked.name)
    raise TypeError("it asks for nothing")


def told_of(outcome: Any) -> Told:
    """Return the outcome of a command as it is sent."""
    if isinstance(outcome, int):
        return outcome
    if isinstance(outcome, BaseException):
        return _refused(outcome)
    if isinstance(outcome, tuple):
        name, prediction = outcome
        try:
            return _Predicted(name, Raw(learns.encode_prediction(prediction).encode()))
        except ChantillyError as error:
            return _refused(error)
    return Figures(outcome.seq, outcome.metrics)


def _refused(error: BaseException) -> _Refused:
    if not isinstance(error, ChantillyError):
        return _Refused("", " ".join(repr(error).split()))
    message = error.message
    told = message if isinstance(message, str) else {field: list(why) for field, why in message.items()}
    return _Refused(error.code, told, error.name if isinstance(error, ModelNotFound) else "")


def outcome_of(told: Told) -> tuple[Any, BaseException | None]:
    """Return the result and the error that were sent; one of them is None."""
    match told:
        case _Refused():
            return None, _error(told)
        case _Predicted():
            return (told.name, learns.decode_prediction(told.prediction)), None
    return told, None


def _error(refused: _Refused) -> BaseException:
    error = rebuilt(refused.code, refused.message)
    if error is None:
        return RuntimeError(refused.message)
    if isinstance(error, ModelNotFound):
        error.name = refused.name
    return error
