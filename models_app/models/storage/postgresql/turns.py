"""Turns of several processes at one model: advisory locks, which a connection that ends gives back."""

import threading
import time
import zlib

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# A lock's two numbers: the first says what it is for.
_TURNS = 7021
_POLL_SECONDS = 0.001
_TRY = "SELECT pg_try_advisory_lock(%s::int, %s::int)"
_LEAVE = "SELECT pg_advisory_unlock(%s::int, %s::int)"


class Turns:
    """The turns of this process, over a connection of their own; any thread may use them."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None
        self._lock = threading.Lock()

    def enter(self, name: str, seconds: float) -> bool:
        """Enter a model's turn; False: others have it for longer than that."""
        until = time.monotonic() + seconds
        while not self._ask(_TRY, name):
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def leave(self, name: str) -> None:
        """Leave a model's turn."""
        self._ask(_LEAVE, name)

    def close(self) -> None:
        """Give back the connection, and what it holds."""
        with self._lock:
            self._disconnect()

    def _ask(self, statement: str, name: str) -> bool:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
                    self._connection.inc_thread_sharing()
                with self._connection.cursor() as cursor:
                    cursor.execute(statement, (_TURNS, _number(name)))
                    (is_ours,) = cursor.fetchone()
            except DatabaseError:
                # It goes without: the commit decides whether a batch is right.
                self._disconnect()
                return False
            return bool(is_ours)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _number(name: str) -> int:
    """Return a number of 32 bits with a sign, as the lock takes it."""
    return zlib.crc32(name.encode()) - 2**31
