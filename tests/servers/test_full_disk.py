"""A disk that takes no more: it is said, quietly, and all goes on once there is room."""

import os
import resource
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from river import dummy, stats

from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.loads import under_load
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

N_MODELS = 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB, for who may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def upload(client: Client) -> None:
    client.init("regression")
    for number in range(N_MODELS):
        client.upload(dummy.StatisticRegressor(stats.Mean()), f"model-{number}")


class TestFullDisk:
    def test_is_reported_by_the_probe_floods_no_log_and_does_not_hold_up_a_stop(
        self, start: Start, template: Path, forks: ForkServer, small_disk: Path
    ) -> None:
        database = small_disk / "chantilly.sqlite3"
        shutil.copy(template / "chantilly.sqlite3", database)
        server = start(launcher=forks, DATABASE_URL=f"sqlite:///{database}")
        with server.client() as client:
            upload(client)
            fill(small_disk / "filling")
            wait_until(lambda: client.learn(features={"a": 1}, ground_truth=1).status == 503)

            ready = client.get("/readyz")
            assert ready.status == 503
            assert "full" in ready.message
            statuses = refused(server, 500)
            n_lines = server.log.count("\n")

            (small_disk / "filling").unlink()
            wait_until(lambda: client.get("/readyz").status == 200)
            assert client.learn(features={"a": 1}, ground_truth=1).status == 201

            fill(small_disk / "filling")
            wait_until(lambda: client.learn(features={"a": 1}, ground_truth=1).status == 503)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
        assert statuses[503] >= 500
        assert n_lines < 40


def refused(server: Server, n: int) -> Counter[int]:
    """Learn by many clients until so many were refused and return the statuses."""
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def work(client: Client, number: int) -> None:
        status = client.learn(features={"a": 1}, ground_truth=1, model=f"model-{number % N_MODELS}").status
        with lock:
            statuses[status] += 1

    with under_load(server, 4, work):
        wait_until(lambda: statuses[503] >= n)
    return statuses


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


class TestNoFileMayGrow:
    def test_is_reported_by_the_probe_and_goes_on_afterwards(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            upload(client)
            assert client.get("/readyz").status == 200

            _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4096, hard))
            refused = client.learn(features={"a": 1}, ground_truth=1)
            ready = client.get("/readyz")
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))

            assert (refused.status, ready.status) == (503, 503)
            assert "database" in ready.message
            wait_until(lambda: client.get("/readyz").status == 200)
            assert client.learn(features={"a": 1}, ground_truth=1).status == 201
