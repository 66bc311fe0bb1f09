"""A command's way to an engine: the server's where there is one, else its own."""

import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any, BinaryIO

import msgspec

from models_app.domain.errors import ChantillyError, ServerStopping
from models_app.engine.commands import Command
from models_app.engine.delivery import deliver
from models_app.models.storage import get_storage
from models_app.services.handing import frames
from models_app.services.handing.frames import Greeting
from models_app.services.runtime import get_engine

# A server that is there answers at once; one that hangs is as good as none.
_PATIENCE_SECONDS = 5.0


class ServerLost(ServerStopping):
    """The server has ended, and it is not known whether it has done what it was asked."""

    def __init__(self) -> None:
        text = "The server ended before it answered; the model's learns say how far it came."
        ChantillyError.__init__(self, text)


class Server:
    """The server's engine, seen from here: commands go there, and are answered, in their order.

    A connection is for one pass over records: after an error that ends it the server does no more of them.
    """

    def __init__(self, connection: socket.socket, file: BinaryIO) -> None:
        """`file` reads from the connection."""
        self._file = file
        self.is_lost = False
        self._connection = connection
        # Signals' handlers may put something there, whatever they interrupt.
        self._outgoing: SimpleQueue[Sequence[Command] | None] = SimpleQueue()
        self._unanswered: deque[Command] = deque()
        self._lock = threading.Lock()
        for work in (self._write, self._read):
            threading.Thread(target=work, name="handing", daemon=True).start()

    def submit_many(self, commands: Sequence[Command]) -> None:
        """Send commands; where the server is lost, they are answered with that."""
        # Of a group of bad lines nothing is left to send.
        if commands:
            self._outgoing.put(commands)

    def call(self, command: Command) -> Any:
        """Send a command and wait for its answer; raises what the command raises, and `ServerLost`."""
        future = command.answered_in_thread()
        self.submit_many([command])
        return future.result()

    def stop(self) -> None:
        """Have nothing done of what the server's engine does not have yet; never waits."""
        self._outgoing.put(None)

    def close(self) -> None:
        """End the connection. What is under way is not waited for."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _write(self) -> None:
        while True:
            commands = self._outgoing.get()
            asked = [frames.Stop()] if commands is None else frames.asked_of(commands)
            if not self._expect(commands or ()):
                continue
            try:
                self._connection.sendall(frames.frame(asked))
            except OSError:
                self._lose()

    def _expect(self, commands: Sequence[Command]) -> bool:
        with self._lock:
            if not self.is_lost:
                self._unanswered.extend(commands)
                return True
        deliver([(command, None, ServerLost()) for command in commands])
        return False

    def _read(self) -> None:
        try:
            for values in frames.read_outcomes(self._file):
                deliver([(self._unanswered.popleft(), *frames.result_of(value)) for value in values])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            # What is not understood is no answer.
            pass
        finally:
            self._lose()
            self._file.close()
            self._connection.close()

    def _lose(self) -> None:
        with self._lock:
            self.is_lost = True
            lost = list(self._unanswered)
            self._unanswered.clear()
        deliver([(command, None, ServerLost()) for command in lost])


_server: Server | None = None


@contextmanager
def handing_over(*, skips_errors: bool) -> Iterator[None]:
    """Have the server, if one is there, do what commands are submitted meanwhile."""
    global _server  # noqa: PLW0603  # as the process's own engine
    _server = _find(skips_errors=skips_errors)
    try:
        yield
    finally:
        server, _server = _server, None
        if server is not None:
            server.close()


def is_handed_over() -> bool:
    """Say whether a server does, or did, what this process submits."""
    return _server is not None


def submit(commands: Sequence[Command]) -> None:
    """Give commands to whoever does them, in their order; raises `ServerStopping`."""
    (get_engine() if _server is None else _server).submit_many(commands)


def call(command: Command) -> Any:
    """Give a command to whoever does it and wait for the answer; raises what the command raises."""
    # After a server's end it is this process that knows best what is in the journal.
    return (get_engine() if _server is None or _server.is_lost else _server).call(command)


def stop_pass() -> None:
    """Have a server do nothing more of what its engine does not have yet; for a signal's handler, too."""
    if _server is not None:
        _server.stop()


def _find(*, skips_errors: bool) -> Server | None:
    """Return the server that listens beside the database; None: there is none, or one of another version."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    file = connection.makefile("rb")
    connection.settimeout(_PATIENCE_SECONDS)
    greeting = Greeting(frames.VERSION, skips_errors)
    try:
        connection.connect(get_storage().socket_path())
        connection.sendall(frames.frame(greeting))
        answer = frames.read_greeting(file)
    except OSError:
        answer = None
    if answer != greeting:
        file.close()
        connection.close()
        return None
    connection.settimeout(None)
    return Server(connection, file)
