"""The socket beside the database on which a server takes the records of commands."""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from models_app.domain.errors import ChantillyError, InvalidRequest, ServerStopping
from models_app.engine.bundles import Bundle
from models_app.engine.commands import Command, Inspect
from models_app.engine.delivery import deliver
from models_app.engine.engine import Engine
from models_app.engine.tracing import Stages, Trace
from models_app.models.storage import get_storage
from models_app.services import hooks, runtime
from models_app.services.handing import frames
from models_app.services.handing.frames import Greeting
from models_app.services.handing.passes import ends_pass, withdraw
from models_app.wire import codec

logger = logging.getLogger(__name__)

# What an address of a socket holds, without its end.
_MAX_PATH_BYTES = 107
# How long a piece is to take to compute, in seconds, where nobody else asks the model.
_ALONE_SECONDS = 0.01
# Where others do, the share of the time that goes by from one piece to the next. What is around computing
# comes on top: they are to keep more than a half.
_SHARE = 0.35
# Who has not asked it for so long does not count any more.
_FORGET_SECONDS = 0.1
_FIRST_PIECE = 16
_LARGEST_PIECE = 512


def listen() -> None:
    """Take the records of commands from now on, until the server stops; for who has the database's lock.

    Where that cannot be, commands do the work themselves.
    """
    engine = runtime.get_engine()
    if not isinstance(engine, Engine):
        # It is the shards that have the models in memory.
        return
    path = get_storage().socket_path()
    try:
        listener = _bind(path)
    except OSError as error:
        logger.warning("commands beside the server work for themselves: %s: %s", path, error)
        return
    door = Door(listener, path, engine)
    hooks.shutdown.add(door.close)
    threading.Thread(target=door.welcome, name="handing", daemon=True).start()


def _bind(path: str) -> socket.socket:
    if len(os.fsencode(path)) > _MAX_PATH_BYTES:
        raise OSError(f"the path is longer than {_MAX_PATH_BYTES} bytes")
    # That of a server that was killed.
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        # Before anybody can connect.
        Path(path).chmod(0o600)
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


class Door:
    """The socket where commands come in."""

    def __init__(self, listener: socket.socket, path: str, engine: Engine) -> None:
        self._listener = listener
        self._path = path
        self._engine = engine
        self._passes: set[Pass] = set()

    def welcome(self) -> None:
        """Serve who comes, each in threads of its own, until the door is closed."""
        # It is shut down then.
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), name="handing", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more, and have those who are there hear that the server stops."""
        Path(self._path).unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for each in tuple(self._passes):
            each.refuse(ServerStopping())

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file, suppress(OSError):
            greeting = frames.read_greeting(file)
            if greeting is None or greeting.version != frames.VERSION:
                return
            connection.sendall(frames.frame(greeting))
            work = Pass(connection, self._engine, greeting)
            self._passes.add(work)
            reading = threading.Thread(target=work.read, args=(file,), name="handing", daemon=True)
            reading.start()
            try:
                work.run()
            finally:
                self._passes.discard(work)
                connection.shutdown(socket.SHUT_RDWR)
                reading.join()


class _Piece(Bundle):
    """Commands that the engine has at a time; in `taken` with what is refused already."""

    is_followed = True

    def __init__(self, work: "Pass", taken: Sequence[Command | ChantillyError]) -> None:
        self.taken = taken
        self.commands = [each for each in taken if isinstance(each, Command)]
        self.trace = Trace()
        super().__init__(self.commands)
        self._work = work
        self._all_answered = self.answered_in_thread()

    def wait(self) -> list[Any]:
        """Return what has come of each, in order."""
        outcomes = iter(self._all_answered.result())
        return [next(outcomes) if isinstance(each, Command) else each for each in self.taken]

    def settle(self, position: int, outcome: Any) -> None:
        """See Bundle."""
        if isinstance(outcome, BaseException):
            self._work.notice(position, outcome)
        super().settle(position, outcome)


class Pass:
    """The records that one command sends: one thread reads, another has the engine do them, piece by piece.

    What the engine has at a time is computed in a moment; whoever else asks the model comes between.
    """

    def __init__(self, connection: socket.socket, engine: Engine, greeting: Greeting) -> None:
        self._connection = connection
        self._engine = engine
        self._skips_errors = greeting.skips_errors
        self._changed = threading.Condition()
        self._waiting: deque[Command | ChantillyError] = deque()
        self._under_way: Sequence[Command] = ()
        self._has_more = True
        #: The answer to everything that the engine does not have yet.
        self._refusal: ChantillyError | None = None
        self._size = _FIRST_PIECE
        self._n_served = 0
        self._shared_at = 0.0
        self._started_at = 0.0

    def read(self, file: Any) -> None:
        """Read up to the end."""
        try:
            for group in frames.read_asked(file):
                self._add(group)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            logger.debug("a command is read no further: %s", error)
        finally:
            self.withdraw()
            with self._changed:
                self._has_more = False
                self._changed.notify()

    def _add(self, group: Sequence[frames.Asked]) -> None:
        if group and isinstance(group[0], frames.Stop):
            self.withdraw(keeps_predictions=True)
            return
        commands = [frames.command_of(asked) for asked in group]
        with self._changed:
            self._waiting.extend(commands)
            self._changed.notify()

    def run(self) -> None:
        """Have all of it done, and answer; raises `OSError` where nobody takes the answers."""
        piece = self._begin_next(waits=True)
        while piece is not None:
            outcomes = piece.wait()
            if piece.trace.stages is not None:
                self._adapt(len(piece.commands), piece.trace.stages)
            # At once: who shares turns with it waits for it.
            following = self._begin_next(waits=False)
            values = [codec.outcome_value(outcome) for outcome in outcomes]
            self._connection.sendall(frames.frame(values))
            piece = following or self._begin_next(waits=True)

    def refuse(self, refusal: ChantillyError) -> None:
        """Answer with a refusal what the engine does not have yet, and what still comes."""
        with self._changed:
            self._refusal = self._refusal or refusal

    def withdraw(self, *, after: int = -1, keeps_predictions: bool = False) -> None:
        """Do no more, not even of what the engine has, from after a position."""
        with self._changed:
            self.refuse(InvalidRequest("withdrawn"))
            # The last first: the engine, which comes towards it, is not to get past.
            for command in reversed(self._under_way[after + 1 :]):
                withdraw(command, keeps_predictions=keeps_predictions)

    def notice(self, position: int, error: BaseException) -> None:
        """See whether an error ends the pass, before the engine takes up what comes next."""
        if self._refusal is None and ends_pass(error, skips_errors=self._skips_errors):
            self.withdraw(after=position)

    def _begin_next(self, *, waits: bool) -> _Piece | None:
        """Give the engine the next piece; None: there is nothing now, or ever where it `waits`."""
        taken = self._take(waits=waits)
        if not taken:
            return None
        piece = _Piece(self, taken)
        if piece.commands:
            piece.commands[-1].trace = piece.trace
            try:
                self._engine.submit_many(piece.commands)
            except ServerStopping as error:
                self.refuse(error)
                deliver([(command, None, error) for command in piece.commands])
        return piece

    def _take(self, *, waits: bool) -> list[Command | ChantillyError]:
        with self._changed:
            if waits:
                self._changed.wait_for(lambda: self._waiting or not self._has_more)
            n_taken = min(self._size, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(n_taken)]
            if self._refusal is not None:
                # Figures are answered still.
                taken = [each if isinstance(each, Inspect) else self._refusal for each in taken]
            self._under_way = [each for each in taken if isinstance(each, Command)]
            return taken

    def _adapt(self, n: int, stages: Stages) -> None:
        """Have the next piece take its share of the model's time, after one of `n` commands."""
        if stages.n_served != self._n_served + n:
            self._shared_at = stages.computed_at
        self._n_served = stages.n_served
        since, self._started_at = self._started_at, stages.started_at
        is_alone = stages.computed_at - self._shared_at > _FORGET_SECONDS
        seconds = _ALONE_SECONDS if is_alone else _SHARE * (stages.started_at - since)
        took = max(stages.computed_at - stages.started_at, 1e-6)
        self._size = max(1, min(int(n * seconds / took), 2 * self._size, _LARGEST_PIECE))
