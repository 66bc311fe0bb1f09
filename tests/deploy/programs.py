"""Programs that are not Python's: Debian's packages have them."""

import os
import shutil
import socket
from pathlib import Path

import pytest

# Debian keeps PostgreSQL's programs out of the PATH, by version.
_PLACES = [
    *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
    os.environ.get("PATH", ""),
    "/usr/sbin",
]


def program(name: str) -> str:
    """Return where a program is; skips the test, or the module, without it, except where `CI` is `true`."""
    found = shutil.which(name, path=os.pathsep.join(_PLACES))
    if found is None:
        reason = f"{name} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)
    return found


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
