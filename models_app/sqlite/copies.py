"""Copies of an SQLite database: made while others write to it, and looked at before they are served."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote


class DamagedDatabase(Exception):
    """A file is no database, or one with faults."""


def copy(source: Path, target: Path) -> None:
    """Write a database as it is at one moment into a new file; raises `sqlite3.Error`, OSError.

    Who writes to it meanwhile does not wait.
    """
    with closing(_read_only(source)) as opened, closing(sqlite3.connect(target)) as copied:
        # In one step: in several, each commit of others would have it begin anew.
        opened.backup(copied, pages=-1)


def applied_migrations(path: Path) -> set[tuple[str, str]]:
    """Return the migrations of a database, by application and name; raises `DamagedDatabase`."""
    try:
        with closing(_read_only(path)) as opened:
            (verdict,) = opened.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise DamagedDatabase(verdict)
            return set(opened.execute("SELECT app, name FROM django_migrations"))
    except sqlite3.Error as error:
        raise DamagedDatabase(str(error)) from error


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
