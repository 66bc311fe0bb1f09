"""The socket on which a shard takes the commands of web processes."""

import logging
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from models_app.shards.desks import Desk
from models_app.shards.outboxes import ConnectionOutbox
from models_app.shards.values import Frames

logger = logging.getLogger(__name__)

# A piece of what is read; and what may be on its way in either direction before somebody waits.
_PIECE_BYTES = 256 * 1024
_BUFFER_BYTES = 4 * 1024 * 1024


class Listener:
    """Takes commands for a desk, each connection in a thread of its own."""

    def __init__(self, desk: Desk, path: Path) -> None:
        """Listen at a path, which nobody else can use; raises `OSError`."""
        self._desk = desk
        self._path = path
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
                    self._desk.take(data, outbox)
        except OSError:
            pass
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            logger.error("a web process is not understood: %s", error)
        finally:
            self._connections.discard(connection)
            self._desk.leave(outbox)
            connection.close()
