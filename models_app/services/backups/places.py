"""Where the files of an instance are that a backup has."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from models_app.domain.errors import InvalidRequest
from models_app.services.backups import archives


@dataclass(frozen=True, slots=True)
class Places:
    """The database's file, and the others by their names in a backup; None: the database is no file."""

    database: Path | None
    files: dict[str, Path]

    @classmethod
    def of_settings(cls) -> "Places":
        """Return those of this instance; raises `InvalidRequest` where the database is in memory."""
        folder = Path(settings.INSTANCE_PATH)
        files = {name: folder / name for name in (archives.KEY, archives.SEED, archives.CONFIG)}
        if connections[DEFAULT_DB_ALIAS].vendor != "sqlite":
            return cls(None, files)
        database = Path(str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"]))
        if str(database).startswith("file:") or str(database) == ":memory:":
            raise InvalidRequest("The database of DATABASE_URL is in memory: there is nothing to back up.")
        return cls(database, files)

    @property
    def folder(self) -> Path:
        """Return where files are at last renamed to."""
        return Path(settings.INSTANCE_PATH) if self.database is None else self.database.parent

    @staticmethod
    def sync(folder: Path) -> None:
        """Have the names in a folder survive a power cut."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
