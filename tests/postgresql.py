"""A PostgreSQL server of the tests: `TEST_DATABASE=postgresql python -m pytest ...` runs tests on it.

Its databases are thrown away: what a power cut would cost is of no use to anybody.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OWNER = "chantilly"
# Tells processes that a process of the tests starts where its server is.
_OF_WORKER = "_TEST_DATABASE_OF_WORKER"
# It refuses to run as root; Debian's package makes this user.
_USER = "postgres" if os.getuid() == 0 else None
_READY_SECONDS = 30


class Cluster:
    """A server of its own in a temporary folder, on a port of 127.0.0.1."""

    def __init__(self, *options: str) -> None:
        """`options` are the server's, beside those that it always gets."""
        self._folder = Path(tempfile.mkdtemp(prefix="chantilly-postgresql-"))
        self.port = _free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        if _USER is not None:
            shutil.chown(self._folder, _USER)

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster unless it is there, start it, and wait until it answers."""
        data = self._folder / "data"
        if not data.exists():
            options = [
                "--username",
                OWNER,
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--no-sync",
            ]
            subprocess.run(
                [_program("initdb"), "--pgdata", str(data), "--no-sync", *options],
                check=True,
                capture_output=True,
                **self._as,
            )
        listening = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(data), "-F", *listening, *self._options],
                stdout=log,
                stderr=log,
                **self._as,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash does; `start` has it recover."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def stop(self) -> None:
        """End it, and delete everything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def log(self) -> str:
        """Return what it has said."""
        return (self._folder / "log").read_text()

    @property
    def _as(self) -> Mapping[str, Any]:
        # It looks at the folder that it is started in.
        return {"user": _USER, "group": _USER, "extra_groups": [], "cwd": self._folder} if _USER else {}

    def _is_ready(self) -> bool:
        command = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]
        return subprocess.run(command, check=False).returncode == 0


def _program(name: str) -> str:
    folders = map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))
    found = shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"]]))
    if found is None:
        raise FileNotFoundError(f"{name} is not installed (Debian's package: postgresql)")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def url_of_process() -> str | None:
    """Return the address of this process's database where the tests run on PostgreSQL.

    Each process of the tests has a server of its own: a transaction that is open in one of its databases
    holds up followers in all of them.
    """
    if os.environ.get("TEST_DATABASE") != "postgresql":
        return None
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    owner, _, url = os.environ.get(_OF_WORKER, "").partition(" ")
    if url and owner == f"worker:{worker}":
        return url
    cluster = Cluster("-c", "max_connections=300")
    cluster.start()
    atexit.register(_stop, cluster, os.getpid())
    os.environ[_OF_WORKER] = f"worker:{worker} {cluster.url('chantilly')}"
    return cluster.url("chantilly")


def _stop(cluster: Cluster, pid: int) -> None:
    # Not in what was forked from it.
    if os.getpid() == pid:
        cluster.stop()
