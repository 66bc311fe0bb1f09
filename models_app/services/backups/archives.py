"""The file of a backup: a tar with a manifest first, of the size and the digest of each file after it."""

import hashlib
import io
import os
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from models_app.domain.errors import InvalidRequest

#: The database's name in it.
DATABASE = "database.sqlite3"
#: What else there may be, as it is called in the instance folder.
KEY, SEED, CONFIG = "secret_key", "hash_seed", "config.py"
_MANIFEST = "manifest.json"
_FORMAT = 1
_MAX_MANIFEST_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20


class Member(msgspec.Struct):
    """A file of a backup."""

    n_bytes: int
    sha256: str


class Manifest(msgspec.Struct):
    """What a backup has, and when it was made, in seconds since the epoch."""

    format: int
    made_at: float
    files: dict[str, Member]


def write(file: BinaryIO, paths: Mapping[str, Path]) -> None:
    """Write a backup of the files at these paths, by their names in it; raises OSError."""
    files = {name: Member(path.stat().st_size, _digest(path)) for name, path in paths.items()}
    manifest = msgspec.json.encode(Manifest(_FORMAT, time.time(), files))
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(_entry(_MANIFEST, len(manifest)), io.BytesIO(manifest))
        for name, path in paths.items():
            with path.open("rb") as opened:
                archive.addfile(_entry(name, files[name].n_bytes), opened)


def extract(file: BinaryIO, folder: Path) -> Manifest:
    """Write the files of a backup into an empty folder, each with the digest that it should have.

    Raises `InvalidRequest` where it is no whole backup, OSError.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            manifest = _manifest(archive)
            for name, member in manifest.files.items():
                # Its own name is not asked: it goes to one of a few places.
                _extract(archive, name, member, folder / name)
    except (tarfile.TarError, msgspec.MsgspecError, UnicodeDecodeError, EOFError) as error:
        raise _refused(str(error)) from error
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    entry = archive.next()
    opened = None if entry is None or entry.name != _MANIFEST else archive.extractfile(entry)
    if opened is None:
        raise _refused("its first part is no manifest")
    manifest = msgspec.json.decode(opened.read(_MAX_MANIFEST_BYTES), type=Manifest)
    if manifest.format != _FORMAT:
        raise _refused(f"it has the format {manifest.format}, this version reads {_FORMAT}")
    unknown = sorted(manifest.files.keys() - {DATABASE, KEY, SEED, CONFIG})
    if unknown or DATABASE not in manifest.files:
        raise _refused(f"it has files of another kind: {unknown}" if unknown else "it has no database")
    return manifest


def _extract(archive: tarfile.TarFile, name: str, member: Member, target: Path) -> None:
    entry = archive.next()
    opened = None if entry is None or entry.name != name else archive.extractfile(entry)
    if opened is None:
        raise _refused(f"'{name}' is missing")
    digest, n_bytes = hashlib.sha256(), 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
            n_bytes += len(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    if (n_bytes, digest.hexdigest()) != (member.n_bytes, member.sha256):
        raise _refused(f"'{name}' is not what was written")


def _entry(name: str, n_bytes: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = n_bytes, 0o600, int(time.time())
    return entry


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest({"file": [f"is no whole backup: {reason}"]})
