"""Frames on the socket between a command and the server: MessagePack, each with its length before it."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TypeVar

import msgspec
from msgspec.msgpack import Decoder

from models_app.domain.errors import ChantillyError
from models_app.engine.commands import Command
from models_app.wire import codec
from models_app.wire.codec import CommandValue, OutcomeValue

#: Of what is said here, `wire.codec` included. Who says it in another way works for itself.
VERSION = 3
_LENGTH = struct.Struct("!I")

T = TypeVar("T")


class Greeting(msgspec.Struct):
    """The first frame of a command: which version it speaks, and whether it goes on after a bad record."""

    version: int
    skips_errors: bool


class Stop(msgspec.Struct, array_like=True, tag=-1, gc=False):
    """Nothing is to be done any more of what the engine does not have yet."""


Asked = CommandValue | Stop

_encoder = msgspec.msgpack.Encoder()
_greeting_decoder = Decoder(Greeting)
_asked_decoder: Decoder[list[Asked]] = Decoder(list[Asked])
_outcomes_decoder: Decoder[list[OutcomeValue]] = Decoder(list[OutcomeValue])


def frame(value: object) -> bytes:
    """Return a value as it is sent."""
    data = _encoder.encode(value)
    return _LENGTH.pack(len(data)) + data


def read_greeting(file: BinaryIO) -> Greeting | None:
    """Return what the other end says first; None: it says nothing that is understood. Raises `OSError`."""
    try:
        return next(_read(file, _greeting_decoder), None)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def read_asked(file: BinaryIO) -> Iterator[list[Asked]]:
    """Yield what a command asks, up to its end; raises `OSError`, `MsgspecError`."""
    return _read(file, _asked_decoder)


def read_outcomes(file: BinaryIO) -> Iterator[list[OutcomeValue]]:
    """Yield what the server answers, up to its end; raises `OSError`, `MsgspecError`."""
    return _read(file, _outcomes_decoder)


def _read(file: BinaryIO, decoder: Decoder[T]) -> Iterator[T]:
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        data = file.read(length)
        if len(data) < length:
            return
        yield decoder.decode(data)


def asked_of(commands: Sequence[Command]) -> list[CommandValue]:
    """Return commands as they are sent."""
    return [codec.command_value(command) for command in commands]


def command_of(asked: Asked) -> Command | ChantillyError:
    """Return the command that was sent, or why it is none."""
    if isinstance(asked, Stop):
        raise TypeError("it asks for nothing")
    try:
        return codec.command_of(asked)
    except ChantillyError as error:
        return error


def result_of(value: OutcomeValue) -> tuple[Any, BaseException | None]:
    """Return the result and the error that were sent; one of them is None."""
    outcome = codec.outcome_of(value)
    return (None, outcome) if isinstance(outcome, BaseException) else (outcome, None)
