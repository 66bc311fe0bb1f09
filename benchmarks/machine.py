"""Where it ran, and with what: versions, cores, the disk; no names, no paths."""

import os
import platform
import sqlite3
import statistics
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import affinity
from benchmarks.servers import ROOT, Chantilly

_PACKAGES = ("river", "numpy", "Django", "uvicorn", "uvloop", "fastapi")
_OF_CHANTILLY = """
import platform, dbm
from importlib.metadata import version
def kind():
    for name in ("gnu", "ndbm"):
        try:
            return __import__("dbm." + name).__name__ + "." + name
        except ImportError:
            pass
    return "dbm.dumb"
packages = ("chantilly", "river", "Flask", "gunicorn")
versions = [f"{name} {version(name)}" for name in packages]
print(", ".join([f"Python {platform.python_version()}", *versions, "shelve over " + kind()]))
"""
_N_WRITES = 200


def about(work: Path) -> dict[str, str]:
    """Describe machine and software."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores ({_cpu()}); {affinity.described()}",
        "disk": f"a write of 4 KB, synchronised, takes {_write_microseconds(work):.0f} µs",
        "software": ", ".join(
            [
                f"Python {platform.python_version()}",
                *(f"{name} {version(name)}" for name in _PACKAGES),
                f"SQLite {sqlite3.sqlite_version}",
            ]
        ),
        "chantilly": _chantilly(),
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _chantilly() -> str:
    command = [str(Chantilly.python), "-c", _OF_CHANTILLY]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _write_microseconds(folder: Path) -> float:
    """Return the median of some synchronised writes: a lone commit cannot take less."""
    path, block, durations = folder / "disk", bytes(4096), []
    with path.open("wb", buffering=0) as file:
        for _ in range(_N_WRITES):
            started = time.perf_counter()
            file.write(block)
            os.fdatasync(file.fileno())
            durations.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(durations) * 1e6
