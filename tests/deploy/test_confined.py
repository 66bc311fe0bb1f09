"""The server as the container and the unit run it: not root, read-only, by a filter; and it does its work."""

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from river import linear_model, preprocessing

from tests.deploy.grafana import DEPLOY
from tests.deploy.programs import free_port, program
from tests.deploy.units import allowed_calls, values
from tests.servers.clients import Client
from tests.servers.servers import READY_SECONDS

CONTAINER = DEPLOY / "container"
PROJECT = DEPLOY.parent


class Running:
    """Runs code when it is unpickled, wherever that is: the tests are not there."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> Any:
        return exec, (self.code,)


@dataclass(frozen=True)
class Confined:
    """A server that is confined."""

    port: int
    pid: int
    log: Path

    def client(self) -> Client:
        return Client(self.port)

    def of_process(self, file: str) -> str:
        return Path(f"/proc/{self.pid}/{file}").read_text()


def copied(folder: Path) -> Path:
    """Return a copy of the project with what the image has of it."""
    for line in (CONTAINER / "Dockerfile.dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source, target = PROJECT / line[1:], folder / line[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
    return folder


def instruction(name: str) -> list[str]:
    """Return the command that an instruction of the Dockerfile has."""
    (found,) = re.findall(rf"^{name} (\[.*\])$", (CONTAINER / "Dockerfile").read_text(), re.MULTILINE)
    command: list[str] = json.loads(found)
    return command


@pytest.fixture(scope="module")
def confined(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Confined]:
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("only root begins as systemd does")
    analyze, unshare = program("systemd-analyze"), program("unshare")
    folder = tmp_path_factory.mktemp("confined")
    (folder / "tmp").mkdir()
    shutil.copytree(template, folder / "instance", ignore=shutil.ignore_patterns("*.sock"))
    port = free_port()
    asked = {
        "mounts": {
            "project": str(copied(folder / "project")),
            "python": str(Path(sys.base_prefix).resolve()),
            "packages": sysconfig.get_path("purelib"),
            "instance": str(folder / "instance"),
            "tmp": str(folder / "tmp"),
        },
        "writable": ["instance", "tmp"],
        "umask": int(values("UMask")[0], 8),
        "calls": sorted(allowed_calls(analyze)),
        # All pickles: it is the trial that is looked at here, not the list.
        "environment": {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": "/srv/packages",
            # Of a Python that is linked to its own library by its old place.
            "LD_LIBRARY_PATH": "/srv/python/lib",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": "/srv/tmp",
            "INSTANCE_PATH": "/srv/instance",
            "PORT": str(port),
            "MODEL_UPLOADS": "any",
        },
    }
    command = ["/srv/python/bin/python3", *instruction("ENTRYPOINT")[1:], *instruction("CMD")]
    script = str(Path(__file__).with_name("confined.py"))
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [unshare, "--mount", sys.executable, script, json.dumps(asked), *command],
            stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + READY_SECONDS
        while "API docs" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield Confined(port, process.pid, log)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(15)
    assert code == 0, log.read_text()


class TestServer:
    def test_has_no_rights_and_a_filter(self, confined: Confined) -> None:
        status = dict(re.findall(r"^(\w+):\t(.*)$", confined.of_process("status"), re.MULTILINE))

        assert status["Uid"].split() == status["Gid"].split() == ["65534"] * 4
        assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")

    def test_can_write_to_two_folders(self, confined: Confined) -> None:
        points = [line.split()[4:6] for line in confined.of_process("mountinfo").splitlines()]

        writable = {
            point
            for point, options in points
            if "rw" in options.split(",") and not point.startswith(("/dev", "/proc", "/sys"))
        }
        assert writable == {"/srv/instance", "/srv/tmp"}

    def test_takes_models_which_predict_and_learn(self, confined: Confined) -> None:
        with confined.client() as client:
            client.init("regression")
            client.upload(preprocessing.StandardScaler() | linear_model.LinearRegression(), "house")
            assert client.predict(features={"area": 1.0}, id=1).status == 201
            assert client.learn(id=1, ground_truth=2.0).status == 201
            assert client.metrics()["MAE"] == 2.0

    def test_tries_uploads_apart_from_everything(self, confined: Confined) -> None:
        with confined.client() as client:
            client.init("regression")
            assert client.get("/readyz").json == {"status": "ready"}
            for code in (
                "import socket; socket.socket()",
                "open('/srv/instance/secret_key')",
                "open('/srv/tmp/x', 'w')",
                "import os; os.fork()",
            ):
                answer = client.request("POST", "/api/model/evil", pickle.dumps(Running(code)))

                assert answer.status == 400
                assert "PermissionError" in answer.message, (code, answer)

    def test_is_found_healthy_by_the_image_while_it_is(self, confined: Confined) -> None:
        def check(port: int) -> int:
            command = [sys.executable, *healthcheck[1:]]
            return subprocess.run(
                command, cwd=PROJECT, env={"PORT": str(port)}, stderr=subprocess.DEVNULL, check=False
            ).returncode

        healthcheck = instruction("    CMD")
        assert healthcheck == ["python", "deploy/container/healthy.py"]
        assert check(confined.port) == 0
        assert check(free_port()) == 1
