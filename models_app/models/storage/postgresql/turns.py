"""Turns of several processes at one model: advisory locks, which a connection that ends gives back."""

import threading
import time
import zlib
from typing import cast

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# A lock's two numbers: the first says what it is for.
_TURNS, _DUTIES = 7021, 7022
_POLL_SECONDS = 0.001
_TRY = "SELECT pg_try_advisory_lock(%s::int, %s::int)"
_ALIVE = "SELECT 1"
_LEAVE = "SELECT pg_advisory_unlock(%s::int, %s::int)"


class Turns:
    """The turns of this process, over a connection of their own; any thread may use them."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None
        self._lock = threading.Lock()
        self._holds_duties = False

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

    def hold_duties(self) -> bool:
        """Hold the lock of who does what is to be done once, if nobody else does; say whether it is held."""
        with self._lock:
            if self._holds_duties:
                # Where it is lost, another process may have had it: that is to be seen in what is said.
                return bool(self._scalar(_ALIVE, ()))
            self._holds_duties = bool(self._scalar(_TRY, (_DUTIES, 0)))
            return self._holds_duties

    def close(self) -> None:
        """Give back the connection, and what it holds."""
        with self._lock:
            self._disconnect()

    def _ask(self, statement: str, name: str) -> bool:
        with self._lock:
            # It goes without: the commit decides whether a batch is right.
            return bool(self._scalar(statement, (_TURNS, _number(name))))

    def _scalar(self, statement: str, parameters: tuple[int, ...]) -> object:
        """Return what a statement says; None where the database cannot be asked, or not any more."""
        try:
            if self._connection is None:
                self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
                self._connection.inc_thread_sharing()
            with self._connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                (said,) = cursor.fetchone()
        except DatabaseError:
            self._disconnect()
            return None
        return cast("object", said)

    def _disconnect(self) -> None:
        # The locks go with it.
        self._holds_duties = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _number(name: str) -> int:
    """Return a number of 32 bits with a sign, as the lock takes it."""
    return zlib.crc32(name.encode()) - 2**31
