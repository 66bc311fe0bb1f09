"""What a web process and a shard say to each other: MessagePack, each frame with its length before it.

Commands travel in groups: those of one model that follow each other, to be applied as one run. Each has a
number of its connection, which comes back with its answer. Nothing that is said here is ever stored: both
ends are of one server, and of one version.
"""

import struct
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from models_app.domain import learns
from models_app.domain.windows import Window
from models_app.engine.commands import Command, Describe, Export, Inspect, Load, TakeSnapshot
from models_app.engine.ports import Event, Learned, Predicted
from models_app.engine.timings import Durations, Histogram, Timings
from models_app.engine.vitals import Vitals
from models_app.wire import codec
from models_app.wire.codec import CommandValue, OutcomeValue, TruthValue

_LENGTH = struct.Struct("!I")


class _Value(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message as it is sent; its tag comes first. The tags are others than those of `wire.codec`."""


class AskedOf(_Value, frozen=True, tag=10):
    """What is asked of a model beside predictions and learns; `kind` is one of `_KINDS`."""

    kind: str
    name: str
    #: Who acts, and from where, for the audit trail.
    actor: tuple[str, str] | None = None


class Group(_Value, frozen=True, tag=11):
    """Commands for one model, as the sender knows it, with the numbers from `first` on.

    `permits` are the patterns that who asks is limited to, and `owner` is whose quota predictions count in.
    """

    first: int
    name: str
    commands: list[CommandValue | AskedOf]
    permits: tuple[str, ...] = ()
    owner: str | None = None


class Call(_Value, frozen=True, tag=12):
    """Something that is asked of the shard itself: a `method` of `calls`, with its arguments."""

    number: int
    method: str
    arguments: list[Any] = []


class Text(_Value, frozen=True, tag=10):
    """A model as it draws itself."""

    text: str


class Bytes(_Value, frozen=True, tag=11):
    """A model's bytes."""

    data: bytes


class VitalsValue(_Value, frozen=True, tag=12):
    """The figures of a hot model; `rolling` is None where a metric cannot be had."""

    seq: int
    metrics: dict[str, float | None]
    rolling: dict[str, float | None] | None
    size_bytes: int
    snapshot_seq: int
    is_replayable: bool


class Elsewhere(_Value, frozen=True, tag=13):
    """The command belongs to another shard's model; without a name only the database knows to whose."""

    name: str | None


class Returned(_Value, frozen=True, tag=14):
    """What a call has returned."""

    value: Any


class EventValue(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A prediction that was made, or a learn; `prediction` is as the journal has it."""

    is_learn: bool
    model: str
    features: bytes
    prediction: bytes
    ground_truth: TruthValue
    flavor: str
    features_kept: str


class Events(_Value, frozen=True, tag=15):
    """What commits have made durable; it answers nothing."""

    events: list[EventValue]
    #: Whether there were others before them that are told to nobody.
    follow_a_gap: bool = False


#: What comes of a command, or of a call, and what is told without being asked.
AnswerValue = OutcomeValue | Text | Bytes | VitalsValue | Elsewhere | Returned | Events
#: The number of what answers nothing.
UNASKED = -1
#: By the number of what was asked.
Answered = tuple[int, AnswerValue]

_KINDS: dict[str, type[Command]] = {
    "inspect": Inspect, "describe": Describe, "export": Export, "snapshot": TakeSnapshot, "load": Load,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}

_encoder = msgspec.msgpack.Encoder()
asked_decoder: msgspec.msgpack.Decoder[list[Group | Call]] = msgspec.msgpack.Decoder(list[Group | Call])
answers_decoder: msgspec.msgpack.Decoder[list[Answered]] = msgspec.msgpack.Decoder(list[Answered])


def frame(value: object) -> bytes:
    """Return a value as it is sent."""
    data = _encoder.encode(value)
    return _LENGTH.pack(len(data)) + data


class Frames:
    r"""Takes what comes in, in pieces of any size, and gives it back frame by frame.

    >>> frames = Frames()
    >>> sent = frame("one") + frame("two")
    >>> [bytes(data) for piece in (sent[:6], sent[6:]) for data in frames.feed(piece)]
    [b'\xa3one', b'\xa3two']
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[memoryview | bytes]:
        """Take a piece, and yield the frames that are whole by now."""
        if self._rest:
            self._rest += data
            data = bytes(self._rest)
            self._rest.clear()
        view, at, n = memoryview(data), 0, len(data)
        while n - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, at)
            end = at + _LENGTH.size + length
            if end > n:
                break
            yield view[at + _LENGTH.size : end]
            at = end
        if at < n:
            self._rest += view[at:]


def command_value(command: Command) -> CommandValue | AskedOf:
    """Return a command as it is sent; raises TypeError for what stays in its process."""
    kind = _NAMES.get(type(command))
    if kind is None:
        return codec.command_value(command)
    actor = command.actor if isinstance(command, TakeSnapshot) else None
    return AskedOf(kind, command.name or "", actor)


def command_of(value: CommandValue | AskedOf) -> Command:
    """Undo `command_value`; raises `InvalidRequest` where the features are none."""
    if not isinstance(value, AskedOf):
        return codec.command_of(value)
    command = _KINDS[value.kind](value.name)
    if isinstance(command, TakeSnapshot):
        command.actor = value.actor
    return command


def answer_value(outcome: Any) -> AnswerValue:
    """Return what came of a command as it is sent."""
    match outcome:
        case bytes():
            return Bytes(outcome)
        case str():
            return Text(outcome)
        case None:
            return Returned(None)
        case Vitals():
            return VitalsValue(
                outcome.seq,
                outcome.metrics,
                outcome.rolling_or_none(),
                outcome.size_bytes,
                outcome.snapshot_seq,
                outcome.is_replayable,
            )
    return codec.outcome_value(outcome)


def outcome_of(value: AnswerValue) -> Any:
    """Undo `answer_value`; an error is returned as a value."""
    match value:
        case Bytes():
            return value.data
        case Text():
            return value.text
        case Returned():
            return value.value
        case VitalsValue():
            return Vitals(
                seq=value.seq,
                metrics=value.metrics,
                window=Window(),
                kinds=(),
                size_bytes=value.size_bytes,
                snapshot_seq=value.snapshot_seq,
                is_replayable=value.is_replayable,
                held=(),
                known_rolling=value.rolling,
                is_known=True,
            )
        case Elsewhere() | Events():
            raise TypeError("it is an answer to nobody")
    return codec.outcome_of(value)


def event_value(event: Event) -> EventValue:
    """Return an event as it is sent; raises `ModelRaised` where its prediction can be written nowhere."""
    return EventValue(
        is_learn=isinstance(event, Learned),
        model=event.model,
        features=event.features,
        prediction=learns.encode_prediction(event.prediction).encode(),
        ground_truth=codec.truth_value(event.ground_truth) if isinstance(event, Learned) else None,
        flavor=event.flavor,
        features_kept=event.features_kept,
    )


def event_of(value: EventValue) -> Event:
    """Undo `event_value`."""
    prediction = learns.decode_prediction(value.prediction)
    of_all = {"flavor": value.flavor, "features_kept": value.features_kept}
    if not value.is_learn:
        return Predicted(model=value.model, features=value.features, prediction=prediction, **of_all)
    truth = codec.truth_of(value.ground_truth)
    return Learned(
        model=value.model, features=value.features, prediction=prediction, ground_truth=truth, **of_all
    )


def timings_value(timings: Timings) -> list[Any]:
    """Return a model's timings as they are sent."""
    durations = (timings.predict, timings.learn, timings.wait, timings.compute, timings.commit)
    return [
        [[each.counts, each.seconds, each.recent.tobytes()] for each in durations],
        [timings.delay.counts, timings.delay.seconds],
        dict(timings.refused),
    ]


def timings_of(value: list[Any]) -> Timings:
    """Undo `timings_value`."""
    durations, (counts, seconds), refused = value
    predict, learn, wait, compute, commit = (_durations(*each) for each in durations)
    timings = Timings(predict=predict, learn=learn, wait=wait, compute=compute, commit=commit)
    _fill(timings.delay, counts, seconds)
    timings.refused.update(Counter(refused))
    return timings


def _durations(counts: list[int], seconds: float, recent: bytes) -> Durations:
    kept = array("f")
    kept.frombytes(recent)
    durations = Durations.known(kept)
    _fill(durations, counts, seconds)
    return durations


def _fill(histogram: Histogram, counts: list[int], seconds: float) -> None:
    histogram.counts = list(counts)
    histogram.seconds = seconds
