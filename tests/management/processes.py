"""Real processes of `manage.py` for the tests of the commands."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.servers.launchers import Process, fork, run
from tests.servers.waiting import wait_until

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60


def environment(instance: Path, **settings: str) -> dict[str, str]:
    """The environment of a process that serves `instance`, with settings of its own."""
    # Not the tests' settings: they would move the instance.
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return inherited | {"INSTANCE_PATH": str(instance), **settings}


def manage(instance: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return run(arguments, environment(instance, **settings), timeout=120)


@dataclass
class Served:
    """A running server: where it is and what it has said at its start."""

    process: Process
    url: str
    greeting: str
    log: Path

    @property
    def said(self) -> str:
        """The output since the greeting."""
        return self.log.read_text().removeprefix(self.greeting)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and give the exit code."""
        os.kill(self.process.pid, number)
        return self.process.wait(60)


@contextmanager
def served(
    instance: Path, *arguments: str, program: Sequence[str] | None = None, **settings: str
) -> Iterator[Served]:
    """Serve a set-up instance on a free port until the block ends; `program`: what Python runs instead."""
    variables = environment(instance, **settings)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        log.touch()
        process = (
            fork(["serve", "--port", "0", *arguments], variables, log)
            if program is None
            else _python(program, variables, log)
        )
        try:
            yield _wait(process, log)
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait(READY_SECONDS)


def _python(program: Sequence[str], variables: Mapping[str, str], log: Path) -> Process:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *program], cwd=ROOT, env=variables, stdout=output, stderr=output
        )


def _wait(process: Process, log: Path) -> Served:
    """Read the greeting up to its last line."""
    ended = re.compile(r"^API docs .*\n", re.MULTILINE)
    wait_until(lambda: process.poll() is not None or ended.search(log.read_text()) is not None)
    text = log.read_text()
    last = ended.search(text)
    assert last is not None, text
    greeting = text[: last.end()]
    match = re.search(r"^Dashboard +(\S+)/$", greeting, re.MULTILINE)
    assert match is not None, greeting
    assert httpx.get(f"{match[1]}/healthz", timeout=READY_SECONDS).status_code == 200
    return Served(process, match[1], greeting, log)
