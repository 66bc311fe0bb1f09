"""The bytes of snapshots that are in an object store: a copy of the database, for a backup, has them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from models_app.models import object_store
from models_app.models.object_store import ObjectMissing

_IN_OBJECTS = "SELECT id, object_url FROM models_app_snapshot WHERE object_url <> ''"
_BYTES = "UPDATE models_app_snapshot SET model_bytes = ?, object_url = '' WHERE id = ?"
# Who restores the copy has objects of its own, or none: not those of the database that was copied.
_FORGET = ("DELETE FROM models_app_discardedobject", "DELETE FROM models_app_snapshotfolder")


class Outdated(Exception):
    """Snapshots of the copy were deleted since it was made, and their objects with them."""


def inline(database: Path) -> None:
    """Put the bytes of all snapshots into a copy of the database.

    Raises `Outdated`, `StorageUnavailable`, `sqlite3.Error`.
    """
    with closing(sqlite3.connect(database)) as copied:
        if not copied.execute(
            "SELECT 1 FROM pragma_table_info('models_app_snapshot') WHERE name = 'object_url'"
        ).fetchone():
            # It is still to be migrated.
            return
        for pk, url in copied.execute(_IN_OBJECTS).fetchall():
            try:
                copied.execute(_BYTES, (object_store.get(url), pk))
            except ObjectMissing as error:
                raise Outdated from error
            # One at a time: they are large.
            copied.commit()
        for statement in _FORGET:
            copied.execute(statement)
        copied.commit()
