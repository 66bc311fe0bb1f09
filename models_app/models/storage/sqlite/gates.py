"""Turns of several processes at one model: one after another, instead of all at once and one in vain.

A process whose batch was computed in vain takes the model's gate before it computes the next. The gate keeps
away only who asks for it, and whatever happens with it, the commit decides whether the batch is right. It is
a lock of the operating system: a process that dies gives it back.
"""

import fcntl
import os
import threading
import time
import zlib
from pathlib import Path

from django.db import connection

# Of what is waited for, most takes a few milliseconds.
_POLL_SECONDS = 0.0001


class Gates:
    """The gates of all models. Several threads may use them, but only one at a time the same gate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Open for good: with the first descriptor that is closed all locks of a process are gone.
        self._files: dict[str, int | None] = {}

    def enter(self, name: str, seconds: float) -> bool:
        """Enter the gate of a model; False: others have it for longer than that, or there are none here."""
        file = self._file()
        if file is None:
            return False
        # Two locks: who waits for the gate holds the place in front of it, so that who leaves it and comes
        # again at once is behind.
        place, gate = _numbers(name)
        until = time.monotonic() + seconds
        if not _lock(file, place, until):
            return False
        try:
            return _lock(file, gate, until)
        finally:
            _unlock(file, place)

    def leave(self, name: str) -> None:
        """Leave the gate of a model."""
        file = self._file()
        if file is not None:
            _unlock(file, _numbers(name)[1])

    def _file(self) -> int | None:
        database = str(connection.settings_dict["NAME"])
        if database not in self._files:
            with self._lock:
                self._files[database] = _open(Path(f"{database}-turns"))
        return self._files[database]


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        # A database in memory, or a folder that cannot be written: then it goes without gates.
        return None


def _numbers(name: str) -> tuple[int, int]:
    """Return the bytes of the file that stand for a model; nothing is ever written there."""
    number = 2 * zlib.crc32(name.encode())
    return number, number + 1


def _lock(file: int, number: int, until: float) -> bool:
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _unlock(file: int, number: int) -> None:
    fcntl.lockf(file, fcntl.LOCK_UN, 1, number)
