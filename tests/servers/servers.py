"""Servers for the tests: `manage.py serve`, each with an instance folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.servers.clients import Client
from tests.servers.databases import Database
from tests.servers.launchers import Launcher, Process, environment, fork, make_instance, run

READY_SECONDS = 60
#: Those that run: a failing test shows what they said.
running: "list[Server]" = []


class Server:
    """An instance, and the process that serves it."""

    def __init__(self, template: Path, folder: Path, launcher: Launcher = fork, **settings: str) -> None:
        """Copy a set-up instance into `folder`; `settings` are the process's environment."""
        self.instance = folder / "instance"
        # The instance may be served: its socket cannot be copied.
        shutil.copytree(template, self.instance, ignore=shutil.ignore_patterns("*.sock"))
        self.settings = settings
        self.database = Database(self.instance / "chantilly.sqlite3")
        self.port = 0
        #: Whether the test provokes errors that nobody foresaw.
        self.may_complain = False
        #: How long it may take to start.
        self.ready_seconds = READY_SECONDS
        self._log = folder / "server.log"
        self._launcher = launcher
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[int]:
        """Return the ids of its child processes."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def start(self, port: int = 0) -> None:
        """Start the process and wait until it is ready; without a port, on one that is free."""
        offset = self._log.stat().st_size if self._log.exists() else 0
        variables = environment(self.instance, **self.settings)
        self._process = self._launcher(["serve", "--port", str(port)], variables, self._log)
        running.append(self)
        self.port = self._wait_for_port(offset)
        with self.client() as client:
            assert client.get("/readyz").status == 200, self.log

    def stop(self, seconds: float = 15) -> int:
        """Ask the process to end and return its exit code; raises TimeoutExpired."""
        return self._end(signal.SIGTERM, seconds)

    def kill(self) -> None:
        """End the process at once, with nothing finished or written."""
        self._end(signal.SIGKILL, 15)

    def restart(self, *, clean: bool) -> None:
        """Stop or kill the process, and start it again."""
        if clean:
            assert self.stop() == 0, self.log
        else:
            self.kill()
        self.start()

    def close(self) -> None:
        """Have the process ended, if it still runs, whatever it takes."""
        if self in running:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()

    def client(self) -> Client:
        """Return a client."""
        return Client(self.port)

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `manage.py` on the instance, beside the server."""
        return run_manage(self.instance, *arguments, **self.settings)

    @property
    def log(self) -> str:
        """Return the output of the process and of those before it."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def reported(self) -> list[dict[str, Any]]:
        """Return what it says in JSON, without the server's greeting."""
        # What is being written has no end yet.
        whole = self.log[: self.log.rfind("\n") + 1]
        return [json.loads(line) for line in whole.split("\n") if line.startswith("{")]

    @property
    def complaints(self) -> list[str]:
        """Return the unforeseen errors in the log."""
        return re.findall(r"^(?:.* (?:ERROR|CRITICAL) .*|Traceback .*|Exception .*)$", self.log, re.MULTILINE)

    def _end(self, number: int, seconds: float) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, number)
        code = self._process.wait(seconds)
        running.remove(self)
        return code

    def _wait_for_port(self, offset: int) -> int:
        assert self._process is not None
        deadline = time.monotonic() + self.ready_seconds
        while time.monotonic() < deadline:
            said = self.log[offset:]
            found = re.search(r"^API docs +http://localhost:(\d+)/.*\n", said, re.MULTILINE)
            if found is not None:
                return int(found[1])
            assert self._process.poll() is None, said
            time.sleep(0.02)
        raise AssertionError(f"not ready after {self.ready_seconds} s: {self.log}")


def run_manage(instance: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of `manage.py` to its end."""
    return run(arguments, environment(instance, **settings), timeout=120)


def set_up_instance(folder: Path) -> Path:
    """Return an instance in a folder, as `manage.py setup` makes it."""
    instance = make_instance(folder / "instance")
    done = run_manage(instance, "setup")
    assert done.returncode == 0, done.stderr
    return instance
