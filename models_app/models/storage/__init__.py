"""The database behind the engine: which backend it is, decided in one place.

A backend is a package of its own here with all of its SQL, and a description for Django beside it
(`models_app.sqlite`). What it must keep is in `tests/models/storage`.
"""

import functools
from collections.abc import Callable

from django.db import connection

from models_app.models.storage.base import Backend
from models_app.models.storage.sqlite.storage import SqliteStorage

#: By Django's name of the database.
_BACKENDS: dict[str, Callable[[], Backend]] = {"sqlite": SqliteStorage}


@functools.cache
def get_storage() -> Backend:
    """Return the storage of this process's database."""
    return _BACKENDS[connection.vendor]()
