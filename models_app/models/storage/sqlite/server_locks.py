"""One server for one database: a lock beside it that the end of the process frees, whatever ends it."""

import errno
import fcntl
import os
import threading
from contextlib import suppress

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from models_app.models.storage.base import AlreadyServed


class ServerLock:
    """A lock of the whole process. Commands do not take it: they work beside a server."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._guard = threading.Lock()

    def acquire(self) -> None:
        """Take the lock, unless this process has it; raises `AlreadyServed`, `OSError`."""
        with self._guard:
            if self._descriptor is None:
                self._descriptor = _locked(path_beside("lock"))

    def release(self) -> None:
        """Give the lock back; nothing where it is not held."""
        with self._guard:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)


def path_beside(suffix: str) -> str:
    """Return the path of a file beside the database: by its own name, whatever link leads to it."""
    return f"{os.path.realpath(str(settings.DATABASES[DEFAULT_DB_ALIAS]['NAME']))}.{suffix}"


def _locked(path: str) -> int:
    """Return a descriptor of the file, which is locked while it is open.

    A record lock and not `flock`: a child that a model forks would inherit that, and keep it after a crash.
    The file is opened nowhere else in the process: closing it there would free the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        who = f"process {holder}" if holder.isdigit() else "another process"
        raise AlreadyServed(
            f"This instance is served already, by {who} ({path} is locked): stop that one first."
        ) from error
    # On a full disk the lock holds all the same; a refusal does not say by whom.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
