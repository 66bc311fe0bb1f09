"""Real processes of `manage.py` for the tests of the commands."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.servers.launchers import run

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60
SERVE = ("manage.py", "serve", "--port", "0")


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
    """A running server: where it is and what it has said."""

    process: subprocess.Popen[str]
    url: str
    greeting: str

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def served(
    instance: Path, *arguments: str, command: Sequence[str] = SERVE, **settings: str
) -> Iterator[Served]:
    """Serve a set-up instance on a free port until the block ends."""
    process = subprocess.Popen(
        [sys.executable, *command, *arguments],
        cwd=ROOT,
        env=environment(instance, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _wait(process)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _wait(process: subprocess.Popen[str]) -> Served:
    """Read the greeting up to its last line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("API docs"):
            break
    greeting = "".join(lines)
    match = re.search(r"^Dashboard +(\S+)/$", greeting, re.MULTILINE)
    assert match is not None, greeting
    assert httpx.get(f"{match[1]}/healthz", timeout=READY_SECONDS).status_code == 200
    return Served(process, match[1], greeting)
