"""What is asked of a shard, whatever it came by: given to its engine."""

from collections.abc import Callable, Sequence
from typing import Any

from models_app.domain.errors import ChantillyError
from models_app.domain.permits import Permits
from models_app.domain.quotas import Allowance
from models_app.engine.commands import Command, TakeSnapshot
from models_app.engine.delivery import deliver
from models_app.engine.engine import Engine
from models_app.shards import values
from models_app.shards.calls import CALLS, WANT_EVENTS
from models_app.shards.outboxes import FrameOutbox
from models_app.shards.relaying import Relay
from models_app.shards.values import AskedOf, Call, Group

_ENDLESS = 2**62

#: Returns what notes a snapshot of a model, for who asks for it.
NoteMaker = Callable[[str, tuple[str, str]], Callable[[int], None]]


class Desk:
    """Takes what web processes ask for; any thread may give it something."""

    def __init__(self, engine: Engine, *, make_note: NoteMaker, relay: Relay) -> None:
        self._engine = engine
        self._make_note = make_note
        self._relay = relay

    def take(self, data: bytes | memoryview, outbox: FrameOutbox) -> None:
        """Take a frame; answers go to the outbox. Raises `MsgspecError` and `UnicodeDecodeError`."""
        self._take(values.asked_decoder.decode(data), outbox)

    def leave(self, outbox: FrameOutbox) -> None:
        """Send nothing more to who is lost: what it has asked for is done all the same."""
        self._relay.want(outbox, wants=False)
        outbox.close()

    def _take(self, asked: Sequence[Group | Call], outbox: FrameOutbox) -> None:
        for each in asked:
            if isinstance(each, Call):
                outbox.send([(each.number, self._called(each, outbox))])
            else:
                self._submit(each, outbox)

    def _called(self, call: Call, outbox: FrameOutbox) -> values.AnswerValue:
        if call.method == WANT_EVENTS:
            self._relay.want(outbox, wants=bool(call.arguments[0]))
            return values.Returned(None)
        try:
            return values.Returned(CALLS[call.method](self._engine, *call.arguments))
        except Exception as error:
            return values.answer_value(error)

    def _submit(self, group: Group, outbox: FrameOutbox) -> None:
        permits = Permits(group.permits) if group.permits else None
        owner = Allowance(group.owner, _ENDLESS) if group.owner is not None else None
        commands: list[Command] = []
        refused: list[tuple[Command, Any, BaseException | None]] = []
        for number, value in enumerate(group.commands, start=group.first):
            try:
                command = values.command_of(value)
            except ChantillyError as error:
                refused.append((_nobody(number, outbox), None, error))
                continue
            if isinstance(command, TakeSnapshot) and isinstance(value, AskedOf) and value.actor is not None:
                command.note = self._make_note(value.name, value.actor)
            command.loop = outbox
            command.position = number
            command.permits = permits
            command.lease = owner.take() if owner is not None else None
            commands.append(command)
        try:
            self._engine.submit_to(group.name, commands)
        except ChantillyError as error:
            refused += [(command, None, error) for command in commands]
        deliver(refused)


def _nobody(number: int, outbox: FrameOutbox) -> Command:
    """Return something to answer a command with that is none."""
    command = Command(None)
    command.loop = outbox
    command.position = number
    return command
