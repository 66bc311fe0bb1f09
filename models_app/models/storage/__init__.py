"""The database behind the engine: which backend it is, decided in one place.

A backend is a package of its own here with all of its SQL, and a description for Django beside it
(`models_app.sqlite`, `models_app.postgresql`). What it must keep is in `tests/models/storage`.
"""

import functools
from collections.abc import Callable

from django.db import connection

from models_app.models.storage.base import Backend


def _sqlite() -> Backend:
    from models_app.models.storage.sqlite.storage import SqliteStorage

    return SqliteStorage()


def _postgresql() -> Backend:
    # Who has no such database does not wait for its driver.
    from models_app.models.storage.postgresql.storage import PostgresqlStorage

    return PostgresqlStorage()


#: By Django's name of the database.
_BACKENDS: dict[str, Callable[[], Backend]] = {"sqlite": _sqlite, "postgresql": _postgresql}


@functools.cache
def get_storage() -> Backend:
    """Return the storage of this process's database."""
    return _BACKENDS[connection.vendor]()
