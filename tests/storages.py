"""The storage of the database that the tests run on, as a class to make one of, or to derive from."""

from typing import TYPE_CHECKING

from models_app.models.storage import get_storage

if TYPE_CHECKING:
    from models_app.models.storage.sqlite.storage import SqliteStorage as OurStorage
else:
    OurStorage = type(get_storage())

__all__ = ["OurStorage"]
