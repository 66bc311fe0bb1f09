"""Resources of a server's process, from the outside."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MEGABYTE = 1 << 20


def peak_memory(pid: int) -> int:
    """Return the most that a process has had in memory since `forget_peak`, in bytes."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> int:
    """Have the peak begin anew, and return what the process has in memory now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _status(pid, "VmRSS")


def n_sockets(pid: int) -> int:
    """Return the number of sockets that a process has open."""
    return sum(target.startswith("socket:") for target in _open_files(pid))


def n_spools(pid: int) -> int:
    """Return the number of files without a name that a process has open."""
    return sum(target.endswith("(deleted)") for target in _open_files(pid))


def _open_files(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        # It may be closed meanwhile.
        with suppress(FileNotFoundError):
            yield str(link.readlink())


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
