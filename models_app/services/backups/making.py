"""Making a backup, while a server runs or not."""

import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from models_app.domain.errors import InvalidRequest, StorageUnavailable
from models_app.models.transactions import write_transaction
from models_app.services import auditing
from models_app.services.backups import archives, inlining
from models_app.services.backups.places import Places
from models_app.services.copying.copying import copy_instance
from models_app.sqlite import copies

_MAX_ATTEMPTS = 5


def make(file: Path, *, migrate: Callable[[str], None]) -> list[str]:
    """Write a backup into a new file that only this user can read; return what is not in it, in words.

    It has the database as it was at one moment, in the middle of whatever is done: what was acknowledged
    before is in it. It is SQLite, whatever this one is: then `migrate` makes its tables. Snapshots whose
    bytes are in an object store are in it with them.

    Raises `InvalidRequest`, `StorageUnavailable`, OSError; then there is no file.
    """
    places = Places.of_settings()
    if file.exists():
        raise InvalidRequest({"file": [f"{file} is there already"]})
    with write_transaction():
        auditing.record(action="backup", file=file.name)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.absolute().parent) as folder:
        packed = Path(folder, "packed")
        copied = _copied(places.database, Path(folder), migrate)
        paths = {archives.DATABASE: copied}
        paths |= {name: path for name, path in places.files.items() if path.exists()}
        with os.fdopen(os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            archives.write(opened, paths)
            opened.flush()
            os.fsync(opened.fileno())
        # It appears whole or not at all, and never in the place of another.
        os.link(packed, file)
    places.sync(file.absolute().parent)
    return _missing(places)


def _copied(database: Path | None, folder: Path, migrate: Callable[[str], None]) -> Path:
    """Return a copy of the database that has the bytes of all its snapshots."""
    copied = folder / archives.DATABASE
    for _ in range(_MAX_ATTEMPTS):
        try:
            if database is None:
                url = f"sqlite:///{copied.absolute()}"
                copy_instance(source=settings.DATABASE_URL, target=url, migrate=migrate, is_recorded=False)
            else:
                copies.copy(database, copied)
            inlining.inline(copied)
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error
        except inlining.Outdated:
            copied.unlink()
        else:
            return copied
    raise StorageUnavailable("Objects of snapshots are lost, or go more quickly than they can be read.")


def _missing(places: Places) -> list[str]:
    key = places.files[archives.KEY]
    if key.exists() and key.read_text(encoding="ascii").strip() == settings.SECRET_KEY:
        return []
    return ["SECRET_KEY, which is set elsewhere: without it the models of the backup are not accepted"]
