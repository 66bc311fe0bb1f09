"""A Redis server of the tests, on a port of 127.0.0.1; nothing of it is kept."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from redis import Redis, RedisError

_READY_SECONDS = 30


class RedisServer:
    """A server of its own, which keeps its port when it is started again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chantilly-redis-"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["redis-server", *options, "--dir", str(self._folder)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def hold(self) -> None:
        """Have it answer nobody, while connections to it stay open."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it answer again."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, and delete everything."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self) -> Redis:
        """Return a client."""
        return Redis(port=self.port)

    def _is_ready(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
