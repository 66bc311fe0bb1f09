"""The files of an SQLite database: are they still where they were opened?

SQLite writes on into a file that was moved away, deleted or replaced, and says nothing of it: what is
acknowledged then is lost to who opens the database by its name.
"""

import os
import sqlite3
import stat
import threading
import time
from pathlib import Path

_WAL = "-wal"
_BESIDE = (_WAL, "-shm", "-journal")
# File systems write down times as of their last tick, up to so long ago.
_TICK_NANOSECONDS = 50_000_000

_by_path: dict[str, "DatabaseFiles"] = {}
_lock = threading.Lock()
#: Databases whose files were not where they belong when somebody looked last.
doubtful: "set[DatabaseFiles]" = set()


class FilesMoved(sqlite3.OperationalError):
    """A file of the database is not the one that was opened."""


class DatabaseFiles:
    """One database's files. What stood at its path when this process first opened it is the database."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120  # for `os.stat`
        self._identity: tuple[int, int] | None = None
        #: The folder, and the log that was there with the database when somebody looked last.
        self._seen: tuple[object, tuple[int, int] | None] | None = None

    def before_opening(self) -> None:
        """Keep others from the files, and keep SQLite from making a new one; raises `FilesMoved`."""
        if self._identity is None:
            make_private(self.path)
        else:
            self.check()

    def opened(self) -> tuple[int, int] | None:
        """Remember what was opened; return what identifies the write-ahead log, None where there is none."""
        if self._identity is None:
            self._identity = _identity(self.path)
        return _identity(self.path + _WAL)

    def check(self, wal: tuple[int, int] | None = None) -> None:
        """Raise `FilesMoved` unless the database, and the log that was opened, are where they were.

        One system call as long as nothing comes, goes or is renamed in their folder. They are not asked
        themselves then: where somebody asks for a file's times, Linux has each write after that note a new
        one, and a commit takes a tenth longer.
        """
        folder = _settled_folder(self._folder)
        if folder is not None and self._seen == (folder, wal):
            return
        self._seen = None
        self._look(wal)
        # What a link leads to is in another folder.
        if not os.path.islink(self.path):  # noqa: PTH114
            self._seen = (folder, wal)

    def _look(self, wal: tuple[int, int] | None) -> None:
        reason = None
        if _identity(self.path) != self._identity:
            reason = f"the file {self.path} was moved away or replaced: put it back, or restart the server"
        elif wal is not None and _identity(self.path + _WAL) != wal:
            reason = f"the file {self.path}{_WAL} was deleted or replaced: restart the server"
        if reason is not None:
            doubtful.add(self)
            raise FilesMoved(reason)
        doubtful.discard(self)


def files_at(path: object) -> DatabaseFiles | None:
    """Return a database's files; None for one in memory."""
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
    if not name or name.startswith((":", "file:")):
        return None
    with _lock:
        return _by_path.setdefault(name, DatabaseFiles(name))


def refuse_in_doubt() -> None:
    """Look again at databases whose files were moved; raises `FilesMoved` if one still is."""
    for files in tuple(doubtful):
        files.check()


def make_private(path: str) -> None:
    """Have nobody but this user read or write a database, which is made where it is missing.

    What SQLite puts beside it later gets the same mode. Files of another user are left to that user.
    """
    try:
        # Made here, SQLite's own mode (0644 under most umasks) is never seen.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        for name in (path, *(path + suffix for suffix in _BESIDE)):
            _take_from_others(Path(name))
    except OSError:
        # SQLite says it better.
        return


def _take_from_others(path: Path) -> None:
    try:
        found = path.stat()
        if found.st_uid == os.geteuid() and stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
            path.chmod(0o600)
    except OSError:
        return


def _settled_folder(path: str) -> tuple[int, int, int] | None:
    """Return what identifies a folder's state; None where a change could leave it as it is."""
    try:
        found = os.stat(path)  # noqa: PTH116  # as below
    except OSError:
        return None
    if not found.st_mtime_ns < time.time_ns() - _TICK_NANOSECONDS:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # a third of what a Path takes, and asked at each commit
    except OSError:
        return None
    return found.st_dev, found.st_ino
