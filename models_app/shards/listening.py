"""The socket on which a shard takes the commands of web processes."""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from models_app.domain.errors import ChantillyError
from models_app.domain.permits import Permits
from models_app.domain.quotas import Allowance
from models_app.engine.commands import Command, TakeSnapshot
from models_app.engine.delivery import deliver
from models_app.engine.engine import Engine
from models_app.shards import values
from models_app.shards.calls import CALLS, WANT_EVENTS
from models_app.shards.outboxes import ConnectionOutbox
from models_app.shards.relaying import Relay
from models_app.shards.values import AskedOf, Call, Frames, Group

logger = logging.getLogger(__name__)

# A piece of what is read; and what may be on its way in either direction before somebody waits.
_PIECE_BYTES = 256 * 1024
_BUFFER_BYTES = 4 * 1024 * 1024
_ENDLESS = 2**62

#: Returns what notes a snapshot of a model, for who asks for it.
NoteMaker = Callable[[str, tuple[str, str]], Callable[[int], None]]


class Listener:
    """Takes commands for an engine, each connection in a thread of its own."""

    def __init__(self, engine: Engine, path: Path, *, make_note: NoteMaker, relay: Relay) -> None:
        """Listen at a path, which nobody else can use; raises `OSError`."""
        self._relay = relay
        self._engine = engine
        self._path = path
        self._make_note = make_note
        self._connections: set[socket.socket] = set()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        self._listener.listen()

    def serve(self) -> None:
        """Take who comes, until the end."""
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._read, args=(connection,), name="commands", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more; who is there is answered still."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Leave who is still there."""
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _read(self, connection: socket.socket) -> None:
        outbox = ConnectionOutbox(connection)
        self._connections.add(connection)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            connection.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        frames = Frames()
        try:
            while piece := connection.recv(_PIECE_BYTES):
                for data in frames.feed(piece):
                    self._take(values.asked_decoder.decode(data), outbox)
        except OSError:
            pass
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            logger.error("a web process is not understood: %s", error)
        finally:
            # What it has asked for is done all the same; who is told is another matter.
            self._connections.discard(connection)
            self._relay.want(outbox, wants=False)
            outbox.close()
            connection.close()

    def _take(self, asked: Sequence[Group | Call], outbox: ConnectionOutbox) -> None:
        for each in asked:
            if isinstance(each, Call):
                outbox.send([(each.number, self._called(each, outbox))])
            else:
                self._submit(each, outbox)

    def _called(self, call: Call, outbox: ConnectionOutbox) -> values.AnswerValue:
        if call.method == WANT_EVENTS:
            self._relay.want(outbox, wants=bool(call.arguments[0]))
            return values.Returned(None)
        try:
            return values.Returned(CALLS[call.method](self._engine, *call.arguments))
        except Exception as error:
            return values.answer_value(error)

    def _submit(self, group: Group, outbox: ConnectionOutbox) -> None:
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


def _nobody(number: int, outbox: ConnectionOutbox) -> Command:
    """Return something to answer a command with that is none."""
    command = Command(None)
    command.loop = outbox
    command.position = number
    return command
