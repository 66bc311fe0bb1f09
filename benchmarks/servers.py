"""The servers, each a process of its own on the servers' core."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from benchmarks import affinity
from benchmarks.calls import CallError, call, call_json

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = Path(__file__).with_name(".venvs")
READY_SECONDS = 60
STOP_SECONDS = 20
#: What is uploaded goes by this name, unless a scenario says otherwise.
MODEL = "bench"
# What would change the defaults that are measured.
_NOT_INHERITED = {
    "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SECRET_KEY", "REDIS_URL", "SQLITE_SYNCHRONOUS", "DEBUG",
}  # fmt: skip


class Server:
    """A server in a folder of its own. `name` is the column of the results."""

    name: ClassVar[str]
    title: ClassVar[str]
    #: Whether it does one request at a time.
    is_serial: ClassVar[bool] = False
    #: Where its command runs.
    root: Path = ROOT

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def command(self) -> list[str]:
        """Return the command that serves on `self.port`."""
        raise NotImplementedError

    def variables(self) -> Mapping[str, str]:
        """Return environment variables of its own."""
        return {}

    def launch(self) -> None:
        """Start the process; it may not answer yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        with affinity.for_servers(), (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.root,
                env=_inherited() | dict(self.variables()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start(self) -> None:
        """Start the process and wait until it accepts connections."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Wait until it accepts connections; raises `CallError` where it never does."""
        deadline = time.monotonic() + READY_SECONDS
        while not _accepts(self.port):
            self.check()
            if time.monotonic() > deadline:
                raise CallError(f"{self.title} is not ready after {READY_SECONDS} s: {self.log()}")
            time.sleep(0.02)

    def check(self) -> None:
        """Raise `CallError` if the process has ended."""
        if self._process is None or self._process.poll() is not None:
            raise CallError(f"{self.title} has ended: {self.log()}")

    def stop(self) -> None:
        """Have the process end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the process at once: nothing is finished, nothing written."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def log(self) -> str:
        """Return the end of what it has said."""
        return (self.folder / "log").read_text(errors="replace")[-2_000:]

    def rss_bytes(self) -> int:
        """Return the memory that its process holds."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise CallError("The system does not report the memory of a process.")

    def cpu_seconds(self) -> float:
        """Return the time that its process has spent on a CPU."""
        # After the name, which stands in parentheses and may hold anything.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def init(self) -> None:
        """Erase everything."""
        call_json(self.port, "POST", "/api/init", {"flavor": "binary"}, expect=201)

    def upload(self, model: bytes, name: str = MODEL) -> None:
        """Serve a model."""
        call(self.port, "POST", f"/api/model/{name}", model, expect=201)

    def metrics(self) -> dict[str, float]:
        """Return the metrics over all models."""
        metrics: dict[str, float] = call_json(self.port, "GET", "/api/metrics")
        return metrics


class ThisServer(Server):
    """This project with its defaults: SQLite, every commit synchronised with the disk."""

    name = "this"
    title = "this server"

    def command(self) -> list[str]:
        """Serve for production."""
        return [sys.executable, "manage.py", "serve", "--port", str(self.port)]

    def variables(self) -> Mapping[str, str]:
        """Keep everything in the folder."""
        return {"INSTANCE_PATH": str(self.folder)}

    def launch(self) -> None:
        """Start the process; the first time, with a fresh instance."""
        if not self.folder.exists():
            shutil.copytree(self._template(), self.folder)
        super().launch()

    def _template(self) -> Path:
        """Return an instance that is set up; it is made once in a run."""
        template = ThisServer(self.folder.with_name(f"template-{os.getpid()}-{self.root.name}"))
        template.root = self.root
        if not template.folder.exists():
            template.manage("setup")
        return template.folder

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage.py` on the instance and return what it says; raises CalledProcessError."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.root,
            env=_inherited() | dict(self.variables()),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.folder / "chantilly.sqlite3"

    def download(self, name: str = MODEL) -> bytes:
        """Return a model as it is now."""
        return call(self.port, "GET", f"/api/model/{name}")


class FastApi(Server):
    """`fastapi_server.py`."""

    name = "fastapi"
    title = "FastAPI, in memory"

    def command(self) -> list[str]:
        """Serve it with uvicorn."""
        return [sys.executable, "-m", "benchmarks.fastapi_server", str(self.port)]


class Chantilly(Server):
    """chantilly 0.3.0 under gunicorn. Its `shelve` store works with one worker of one thread only."""

    name = "chantilly"
    title = "chantilly 0.3.0"
    is_serial = True
    python: ClassVar[Path] = ENVIRONMENTS / "chantilly" / "bin" / "python"

    def command(self) -> list[str]:
        """Serve it: gthread keeps connections open, which is quicker for it than gunicorn's default."""
        return [
            str(self.python), "-m", "gunicorn", "chantilly_app:app", "--pythonpath", "benchmarks",
            "--bind", f"127.0.0.1:{self.port}", "--workers", "1", "--threads", "1",
            "--worker-class", "gthread", "--keep-alive", "75", "--timeout", "600", "--log-level", "warning",
        ]  # fmt: skip

    def variables(self) -> Mapping[str, str]:
        """Keep everything in the folder."""
        return {"SHELVE_PATH": str(self.folder / "shelf")}


class Canned(Server):
    """`canned_server.py`, the ceiling of the load generator."""

    name = "canned"
    title = "answers at once"

    def command(self) -> list[str]:
        """Serve it."""
        return [sys.executable, "-m", "benchmarks.canned_server", str(self.port)]

    def init(self) -> None:
        """Nothing to erase."""

    def upload(self, model: bytes, name: str = MODEL) -> None:
        """Nothing to serve."""


def new_folder(work: Path, name: str) -> Path:
    """Return a path below `work` at which there is nothing."""
    path = work / f"{name}-{secrets.token_hex(4)}"
    shutil.rmtree(path, ignore_errors=True)
    return path


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
