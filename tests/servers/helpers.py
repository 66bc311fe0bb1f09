"""A process that forks the helpers of trials for servers that are forks themselves. Runs as a script.

What a helper imports takes a second and a half of each server's start otherwise. It is the server's helper in
all else: the same code with the same arguments, environment and standard error, in a process of its own.
"""

import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_MAX_BYTES = 1 << 20
_POLL_SECONDS = 0.005


def serve(address: str) -> None:
    """Fork a helper for each request, until the standard input ends."""
    sys.path[:0] = [str(Path.cwd())]
    helper = importlib.import_module("models_app.services.trials.helper")
    helper._import_river()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        # Who has started it closes the other end.
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            asked, descriptors, _, _ = socket.recv_fds(connection, _MAX_BYTES, 2)
            pid = os.fork()
            if pid == 0:
                listener.close()
                connection.close()
                _become(helper, json.loads(asked), *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            with connection:
                connection.send(str(pid).encode())


def _become(helper: Any, asked: dict[str, Any], control: int, errors: int) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for source, target in ((nothing, 0), (nothing, 1), (errors, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(asked["env"])
        sys.path[:] = asked["arguments"]["path"]
        helper.boot({**asked["arguments"], "control": control})
        status = 0
    finally:
        os._exit(status)


class Popen:
    """As `subprocess.Popen`, for a helper: a fork of the process at `address`."""

    address = ""

    def __init__(
        self, command: Sequence[str], *, pass_fds: Sequence[int], env: Mapping[str, str], **_: Any
    ) -> None:
        asked = json.dumps({"arguments": json.loads(command[-1]), "env": dict(env)}).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(self.address)
            socket.send_fds(connection, [asked], [*pass_fds, sys.stderr.fileno()])
            self.pid = int(connection.recv(64))

    def kill(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it is gone."""
        deadline = time.monotonic() + (60.0 if timeout is None else timeout)
        with suppress(ProcessLookupError):
            while True:
                os.kill(self.pid, 0)
                if time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired("helper", timeout or 60.0)
                time.sleep(_POLL_SECONDS)


#: What stands in for the module where a server starts its helper.
MODULE = SimpleNamespace(Popen=Popen, DEVNULL=subprocess.DEVNULL)


@contextmanager
def forked() -> Iterator[None]:
    """Have such a process for the forks that are made in the block, which leave it, too."""
    owner, folder = os.getpid(), Path(tempfile.mkdtemp())
    Popen.address = str(folder / "helpers")
    process = subprocess.Popen(
        [sys.executable, __file__, Popen.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield
    finally:
        if os.getpid() == owner:
            process.communicate()
            shutil.rmtree(folder)


if __name__ == "__main__":
    serve(sys.argv[1])
