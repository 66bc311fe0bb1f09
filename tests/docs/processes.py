"""Scripts that run beside a server."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.launchers import ROOT, environment
from tests.servers.servers import Server

SECONDS = 240


def variables(server: Server, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of somebody who has the project's environment active, and this instance."""
    inherited = environment(server.instance)
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        **(more or {}),
    }


def url(server: Server) -> str:
    """Return the server's address."""
    return f"http://localhost:{server.port}"


def run(
    server: Server, *arguments: str, folder: Path = ROOT, more: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a Python script to its end, with `more` in its environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=variables(server, more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


class Running:
    """A script that does not end by itself."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def output(self) -> str:
        """Return the output so far, whole lines only."""
        text = self._output.read_text()
        return text[: text.rfind("\n") + 1]

    def wait_for(self, what: Callable[[str], bool], *, meanwhile: Callable[[], object] = lambda: None) -> str:
        """Wait until the output is as it should be; raises AssertionError if the script ends before."""
        deadline = time.monotonic() + SECONDS
        while not what(self.output):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            meanwhile()
            time.sleep(0.05)
        return self.output


@contextmanager
def running(server: Server, code: str, folder: Path) -> Iterator[Running]:
    """Run a script for the length of a block."""
    script, output = folder / "script.py", folder / "output"
    script.write_text(code)
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=folder,
            env=variables(server),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Running(process, output)
    finally:
        process.kill()
        process.wait()
