"""A trial's folder: empty, its own, watched, and removed at its end."""

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

# More than a model can mean to write when it is unpickled.
_MAX_FILES = 1_000
_MAX_BYTES = 64 * 1024**2
_REMOVE_SECONDS = 60.0


def make(home: Path | None = None) -> Path:
    """Return a new folder, in `home` if that is given; raises OSError."""
    return Path(tempfile.mkdtemp(prefix="chantilly-trials-", dir=home))


def work_in(folder: Path) -> None:
    """Have the process work there, and Django's settings, if they are needed, find their instance there."""
    os.chdir(folder)
    tempfile.tempdir = None
    os.environ |= {"TMPDIR": str(folder), "HOME": str(folder), "INSTANCE_PATH": str(folder / "instance")}


def is_full(folder: Path) -> bool:
    """Say whether there is more in the folder than may be, or more than can be seen."""
    n_files = n_bytes = 0
    waiting = [str(folder)]
    try:
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    n_files += 1
                    n_bytes += entry.stat(follow_symlinks=False).st_size
                    if n_files > _MAX_FILES or n_bytes > _MAX_BYTES:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    except FileNotFoundError:
        # It has removed something meanwhile.
        return False
    except OSError:
        return True
    return False


def remove(folder: Path) -> None:
    """Remove the folder, however deep it is."""
    try:
        folder.rmdir()
    except OSError:
        with suppress(OSError, subprocess.TimeoutExpired):
            # Python's own way calls itself for each level.
            subprocess.run(["rm", "-rf", "--", folder], timeout=_REMOVE_SECONDS, check=False)  # noqa: S603, S607
