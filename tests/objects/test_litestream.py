"""litestream beside a server, as the how-to has it: its blocks are what runs here."""

import os
import pickle
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from models_app.sqlite import litestream
from models_app.sqlite.litestream import LogPlace
from tests.management.processes import Served, environment, served
from tests.management.test_commands_beside_a_server import done
from tests.objects.stores import Store
from tests.servers.launchers import make_instance
from tests.servers.waiting import wait_until
from tests.services.instances import logistic

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/litestream.md").read_text()


def block(language: str, having: str) -> str:
    """Return the block of the page that has a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [each for each in blocks if having in each]
    return str(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = make_instance(tmp_path / "instance")
    done(folder, "setup")
    done(folder, "init", "binary", "--no-input")
    return folder


@pytest.fixture
def variables(folder: Path, store: Store) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return environment(folder, LITESTREAM_REPLICA_URL=store.url, PATH=programs, **store.variables)


@pytest.fixture
def configured(tmp_path: Path, store: Store) -> Path:
    """The page's configuration, with what it says that another server takes."""
    text = block("yaml", "sync-interval")
    if "AWS_ENDPOINT_URL" in store.variables:
        assert all(name in PAGE for name in ("`endpoint: ...`", "`region: ...`", "`force-path-style: true`"))
        text += f"      endpoint: {store.variables['AWS_ENDPOINT_URL']}\n"
        text += "      region: us-east-1\n      force-path-style: true\n"
    file = tmp_path / "litestream.yml"
    file.write_text(text)
    return file


@pytest.fixture
def server(folder: Path, variables: dict[str, str], store: Store) -> Iterator[Served]:
    with served(folder, LITESTREAM_REPLICA_URL=store.url, **store.variables) as running:
        yield running


@pytest.fixture
def start(configured: Path, variables: dict[str, str]) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts litestream as the page does, until it is terminated or the test ends."""
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        command = block("sh", "litestream replicate").split()
        running.append(subprocess.Popen(command, cwd=configured.parent, env=variables))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait(30)


def learn(server: Served, n: int) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for i in range(n):
            body = {"features": {"x": i % 5, "z": i % 3}, "ground_truth": i % 2 == 0}
            assert client.post("/api/learn", json=body).status_code == 201


def lag(server: Served) -> dict[str, float]:
    # The server looks each ten seconds.
    time.sleep(0.5)
    text = httpx.get(f"{server.url}/metrics", timeout=30).text
    found = re.findall(r"^chantilly_replica_lag_(\w+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


class TestReplica:
    def test_is_restored_to_what_was_acknowledged(
        self,
        folder: Path,
        server: Served,
        start: Callable[[], subprocess.Popen[bytes]],
        configured: Path,
        variables: dict[str, str],
        tmp_path: Path,
    ) -> None:
        another = tmp_path / "another"
        another.mkdir(0o700)
        httpx.post(f"{server.url}/api/model/mine", content=pickle.dumps(logistic())).raise_for_status()
        program = start()
        learn(server, 20)
        wait_until(lambda: lag(server) == {"seconds": 0.0, "bytes": 0.0})
        program.terminate()
        program.wait(30)

        # Nobody replicates this, and it shows.
        learn(server, 5)
        wait_until(lambda: lag(server)["bytes"] > 0)
        assert lag(server)["seconds"] > 0
        start()
        wait_until(lambda: lag(server) == {"seconds": 0.0, "bytes": 0.0})

        commands = block("sh", "litestream restore")
        commands = commands.replace("/var/lib/chantilly-2", str(another)).replace(" instance/", f" {folder}/")
        commands = commands.replace("python manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
        ended = subprocess.run(
            ["bash", "-ec", commands],
            cwd=configured.parent,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert "mine: equal (learns 0 to 25" in ended.stdout


class TestLogPlace:
    def test_is_the_end_of_what_is_committed(self, tmp_path: Path) -> None:
        database = tmp_path / "some.sqlite3"
        connection = sqlite3.connect(database, isolation_level=None)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE numbers (number)")
        log = Path(f"{database}-wal")

        place = litestream.log_place(database)
        assert place == LogPlace(log.read_bytes()[16:24], log.stat().st_size)
        connection.execute("INSERT INTO numbers VALUES (1)")
        grown = litestream.log_place(database)
        assert grown is not None
        assert litestream.n_bytes_behind(grown, place) == grown.n_bytes - place.n_bytes > 4_096
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert litestream.log_place(database) is None
        connection.execute("INSERT INTO numbers VALUES (2)")
        anew = litestream.log_place(database)
        assert anew is not None
        assert litestream.n_bytes_behind(anew, grown) == anew.n_bytes
        connection.close()

    def test_is_not_read_from_other_files(self) -> None:
        with pytest.raises(ValueError, match="none of litestream's"):
            litestream.parse_header(b"x" * 200)
