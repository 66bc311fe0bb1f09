"""The instance folder: made at the first start, keeps the secret key and the hash seed."""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from chantilly_project import starting
from models_app.domain.hash_seeds import MAX_SEED

KEY_FILE = "secret_key"
# 64 random bytes, as many as the block of the hash that signs with the key.
KEY_BYTES = 64


def make_folder(path: Path) -> None:
    """Make the folder, for this user only, where it is not there yet. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def secret_key(folder: Path) -> str:
    """Give the secret key that the folder keeps, and draw one at the first call.

    Several processes may start at once: all get the same key. Raises OSError if it can be neither
    read nor written, ValueError if the file is there but empty.
    """
    path = folder / KEY_FILE
    _draw(path, lambda: secrets.token_urlsafe(KEY_BYTES))
    key = path.read_text(encoding="ascii").strip()
    if not key:
        raise ValueError(f"{path} is empty")
    return key


def hash_seed(folder: Path) -> int:
    """Give the hash seed that the folder keeps, and draw one at the first call.

    Several processes may start at once: all get the same. Raises OSError if it can be neither read nor
    written, ValueError if the file has anything but a seed.
    """
    path = folder / starting.SEED_FILE
    _draw(path, lambda: str(secrets.randbelow(MAX_SEED) + 1))
    return starting.read_seed(str(path))


def _draw(path: Path, draw: Callable[[], str]) -> None:
    """Write what is drawn into the file, unless it is there."""
    if path.exists():
        return
    # mkstemp creates with O_EXCL and mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(draw() + "\n")
            file.flush()
            os.fsync(file.fileno())
        _link_first(name, path)
    finally:
        Path(name).unlink()


def _link_first(name: str, path: Path) -> None:
    # A link appears with all of its content or not at all, and only for the first who makes it.
    try:
        os.link(name, path)
    except FileExistsError:
        return
    # What a key signs, or a seed has folded, is lost with it: it must survive a power cut like the rest.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
