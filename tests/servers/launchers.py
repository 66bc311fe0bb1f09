"""Ways to start `manage.py`: as a process of its own, or as a fork of one that has the libraries loaded."""

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from chantilly_project.setting_table import SETTINGS

ROOT = Path(__file__).parents[2]
_NOT_INHERITED = {"DJANGO_SETTINGS_MODULE", "PYTHONHASHSEED", *(setting.name for setting in SETTINGS)}
#: Of the tests' instances: a fork has its parent's.
HASH_SEED = "20260"


class Process(Protocol):
    """A process as the tests use it."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code."""


class Launcher(Protocol):
    """Starts `manage.py`."""

    def __call__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
        """Start it with its output appended to `log`."""


def environment(instance: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a process that works on `instance`, whatever the tests' own settings are."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return inherited | {"INSTANCE_PATH": str(instance), **settings}


def make_instance(folder: Path) -> Path:
    """Make a new instance's folder, with the tests' hash seed."""
    folder.mkdir(mode=0o700)
    (folder / "hash_seed").write_text(f"{HASH_SEED}\n")
    (folder / "hash_seed").chmod(0o600)
    return folder


def spawn(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start a process of its own."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


class ForkServer:
    """Starts `manage.py` in forks of a process that has River and Django imported: two seconds less each."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forking.py"))],
            cwd=ROOT,
            env=environment(ROOT / "unused", PYTHONHASHSEED=HASH_SEED),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()

    def __call__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
        """Start a fork."""
        return self.start(arguments, environment, log, log)

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path
    ) -> Process:
        """Start a fork with its output and its errors appended to files."""
        pid = self.ask("start", list(arguments), dict(environment), str(out), str(err))
        return _Forked(self, int(pid))

    def ask(self, *request: object) -> Any:
        """Send a request and return its answer; any thread may."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process; its forks have ended before."""
        self._process.communicate()


class _Forked:
    def __init__(self, parent: ForkServer, pid: int) -> None:
        self.pid = pid
        self._parent = parent
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            self._code = self._parent.ask("poll", self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        # Between two looks, others may ask for theirs.
        while (code := self.poll()) is None:
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("manage.py", timeout or 0)
            time.sleep(0.01)
        return code


@functools.cache
def fork_server() -> ForkServer:
    """Return the one of this process, which ends with it."""
    server = ForkServer()
    atexit.register(server.close)
    return server


def fork(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start a fork; where Python itself is to start otherwise, a process of its own."""
    launcher = spawn if _needs_own_python(environment) else fork_server()
    return launcher(arguments, environment, log)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], *, timeout: float
) -> "subprocess.CompletedProcess[str]":
    """Run a command of `manage.py` to its end, in a fork."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        code = fork_server().start(arguments, environment, out, err).wait(timeout)
        return subprocess.CompletedProcess(["manage.py", *arguments], code, out.read_text(), err.read_text())


def _needs_own_python(environment: Mapping[str, str]) -> bool:
    return any(
        name.startswith("PYTHON") and os.environ.get(name) != value for name, value in environment.items()
    )
