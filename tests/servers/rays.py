"""Clusters of Ray for the tests, whose nodes are processes of one machine, in a network of their own.

Ray listens on all addresses: in such a network there is none but the loopback.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.launchers import ROOT
from tests.servers.waiting import wait_until

_NEW_NETWORK = 0x40000000
#: Where the head of a cluster is; in each such network it is free.
ADDRESS = "127.0.0.1:6379"
#: How soon Ray notices that a node is lost: by default, it takes a minute.
HEALTH_CHECKS = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}


@contextmanager
def own_network() -> Iterator[None]:
    """Have this thread, and what it starts, in a new network with a loopback; root alone may."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as before:
        _check(libc.unshare(_NEW_NETWORK))
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            _check(libc.setns(before.fileno(), _NEW_NETWORK))


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Node:
    """A node: a raylet and its workers, with the head's processes where it is the head."""

    def __init__(self, environment: Mapping[str, str], *, is_head: bool) -> None:
        # Sockets are below it, and their names must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        self._environment = {
            **environment,
            **HEALTH_CHECKS,
            "RAY_TMPDIR": str(self._folder),
            "PYTHONPATH": str(ROOT),
        }
        head = ["--head", "--port=6379", "--include-dashboard=false"]
        self._where = head if is_head else ["--address", ADDRESS]
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: set[int] = set()

    def start(self) -> None:
        """Start it, and wait until it is part of the cluster."""
        program = Path(sys.executable).with_name("ray")
        sizes = ["--num-cpus=2", "--object-store-memory=100000000"]
        log = self._folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, "start", "--block", "--disable-usage-stats", *sizes, *self._where],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        wait_until(lambda: "--block" in log.read_text())
        assert self._process.poll() is None, log.read_text()

    def actors(self) -> list[int]:
        """Return the processes of the actors that are here."""
        return [pid for pid in self._all() if "ray::ShardActor" in _title(pid)]

    def signal(self, number: int, *, only: str = "") -> None:
        """Send a signal to all its processes, or to those of a program."""
        for pid in self._all():
            if only in _title(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def kill(self) -> None:
        """End all of it at once."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(15)

    def close(self) -> None:
        """End what is left."""
        self.kill()

        shutil.rmtree(self._folder, ignore_errors=True)

    def _all(self) -> list[int]:
        """Return its processes, those before their children."""
        assert self._process is not None
        found = [self._process.pid] if self._process.poll() is None else []
        for pid in found:
            found += _children(pid)
        # Whoever has lost the parent is another's child.
        self._pids |= set(found)
        return [*found, *(pid for pid in self._pids - set(found) if "ray" in _title(pid))]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in file.read_text().split()]
    return found


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
