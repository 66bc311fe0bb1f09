"""The backend's wrapper, under the name by which Django looks for it."""

import sqlite3
from typing import Any

from django.db.backends.sqlite3 import base

from models_app.sqlite.files import DatabaseFiles, files_at, refuse_in_doubt


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows the database's files."""

    files: DatabaseFiles | None = None
    _wal: tuple[int, int] | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """Connect, to the file that this process has opened before; raises `FilesMoved`."""
        self.files = files = files_at(conn_params["database"])
        if files is not None:
            files.before_opening()
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        if files is not None:
            # The log is there once something was read.
            connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
            self._wal = files.opened()
        return connection

    def create_cursor(self, name: Any = None) -> Any:
        """Return a cursor; raises `FilesMoved` while the database is known not to be in its place."""
        refuse_in_doubt()
        return super().create_cursor(name)

    def check_files(self) -> None:
        """Raise `FilesMoved` unless what this connection has written is where others find it."""
        if self.files is not None and self.connection is not None:
            self.files.check(self._wal)
