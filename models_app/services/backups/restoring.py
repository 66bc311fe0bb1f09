"""The way back from a backup, into an instance that has no database."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from models_app.domain.errors import InvalidRequest
from models_app.models.transactions import write_transaction
from models_app.services import auditing
from models_app.services.backups import archives
from models_app.services.backups.places import Places
from models_app.services.copying.copying import check_empty
from models_app.sqlite import copies
from models_app.sqlite.copies import DamagedDatabase

#: What another key, seed or configuration is called from then on that was there before.
BEFORE = ".before-restore"
_BESIDE = ("", "-wal", "-shm", "-journal")


def restore(file: Path, *, copy: Callable[[str, str], None]) -> list[Path]:
    """Put the files of a backup where this instance has them; return what was there, and was renamed.

    Where the database is no file, `copy` has the rows of the one at one URL be in the one at another, in a
    process that has the files that were restored.

    The database comes last, so that what ends in the middle has done nothing that a second time would mind.
    Raises OSError, and `InvalidRequest` where there is a database already, or the file is no whole backup, or
    one of a newer version.
    """
    places = Places.of_settings()
    _refuse_another(places.database)
    with (
        file.open("rb") as opened,
        tempfile.TemporaryDirectory(prefix=".restore.", dir=places.folder) as folder,
    ):
        manifest = archives.extract(opened, Path(folder))
        database = Path(folder, archives.DATABASE)
        _check(database)
        renamed = [
            before
            for name in manifest.files
            if name != archives.DATABASE and (before := _place(Path(folder, name), places.files[name]))
        ]
        if places.database is None:
            copy(f"sqlite:///{database.absolute()}", settings.DATABASE_URL)
        else:
            _link(database, places.database)
    places.sync(places.folder)
    return renamed


def write_down(file: Path) -> None:
    """Write into the audit trail of the database that was restored that it was."""
    with write_transaction():
        auditing.record(action="restore", file=file.name)


def _link(database: Path, target: Path) -> None:
    try:
        # As a link it takes no other's place: a server may have begun meanwhile.
        os.link(database, target)
    except FileExistsError:
        _refuse_another(target)
        raise


def _refuse_another(database: Path | None) -> None:
    if database is None:
        check_empty(settings.DATABASE_URL)
        return
    for suffix in _BESIDE:
        path = Path(f"{database}{suffix}")
        if path.exists():
            raise InvalidRequest(
                f"There is {path} already: restore into another INSTANCE_PATH, or move it away together with "
                f"what is beside it."
            )


def _check(database: Path) -> None:
    try:
        applied = copies.applied_migrations(database)
    except DamagedDatabase as error:
        raise InvalidRequest({"file": [f"its database is damaged: {error}"]}) from error
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = loader.disk_migrations.keys() | loader.replacements.keys()
    unknown = sorted(".".join(each) for each in applied - known if each[0] in loader.migrated_apps)
    if unknown:
        raise InvalidRequest(
            {"file": [f"was made by a newer version of the server: this one does not know {unknown[0]}"]}
        )


def _place(source: Path, target: Path) -> Path | None:
    """Put a file in its place; return where the other one is now that was there, if any."""
    before = None
    if target.exists() and target.read_bytes() != source.read_bytes():
        before = target.with_name(f"{target.name}{BEFORE}")
        target.replace(before)
    os.replace(source, target)  # noqa: PTH105  # as `os.link` beside it
    return before
