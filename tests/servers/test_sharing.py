"""A command that lets a model learn many records, beside clients that teach the same model."""

import itertools
import os
import pickle
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
from river import linear_model, preprocessing

from tests.servers.clients import Client
from tests.servers.launchers import ForkServer, Process, environment
from tests.servers.loads import under_load
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

N_RECORDS = 3_000
#: Of a file whose learning is ended midway.
N_MANY = 100_000


@pytest.fixture(scope="module")
def server(own_server: Server) -> Server:
    return own_server


@pytest.fixture
def shared(server: Server, client: Client) -> Server:
    client.init("binary")
    client.upload(pickle.dumps(preprocessing.StandardScaler() | linear_model.LogisticRegression()), "shared")
    return server


def written(folder: Path, n: int) -> Path:
    file = folder / "history.csv"
    rows = [f"{number % 7},{number},{number % 2 == 0}".lower() for number in range(n)]
    file.write_text("\n".join(["a,file,y", *rows]))
    return file


def arguments(file: Path) -> list[str]:
    return ["learn", str(file), "--model", "shared", "--target", "y"]


def socket_of(server: Server) -> Path:
    return server.instance / "chantilly.sqlite3.sock"


def of_file(server: Server) -> list[tuple[int, int]]:
    """Places in the journal of the file's records, and their numbers."""
    learned: list[Any] = [learn.x() for learn in server.database.all_learns()]
    assert len(learned) == server.database.seq("shared")
    return [(place, x["file"]) for place, x in enumerate(learned) if "file" in x]


def n_served(client: Client) -> float | None:
    """Records that the server itself has learned."""
    return value(scrape(client), "queue_wait_seconds_count", model="shared")


@contextmanager
def hidden(path: Path) -> Iterator[None]:
    path.rename(path.with_suffix(".hidden"))
    try:
        yield
    finally:
        path.with_suffix(".hidden").rename(path)


class TestLearnFile:
    @pytest.mark.parametrize("is_handed", [True, False])
    def test_and_busy_clients_take_turns(
        self, shared: Server, client: Client, tmp_path: Path, *, is_handed: bool
    ) -> None:
        file, numbers, statuses = written(tmp_path, N_RECORDS), itertools.count(), list[int]()
        path = socket_of(shared)

        def teach(client: Client, _: int) -> None:
            next(numbers)
            statuses.append(client.learn(features={"a": 1.0}, ground_truth=True).status)

        with under_load(shared, 4, teach):
            if is_handed:
                assert S_IMODE(path.stat().st_mode) == 0o600
                done = shared.manage(*arguments(file))
            else:
                with hidden(path):
                    done = shared.manage(*arguments(file))

        assert (done.returncode, done.stderr) == (0, "")
        assert set(statuses) == {201}
        # In the order of the file, and not all of them before or after the clients' records.
        places, learned = zip(*of_file(shared), strict=True)
        assert learned == tuple(range(N_RECORDS))
        assert places[-1] - places[0] > N_RECORDS - 1
        assert shared.database.seq("shared") == N_RECORDS + len(statuses)
        assert n_served(client) == len(statuses) + N_RECORDS * is_handed
        verified = shared.manage("verify_journal")
        assert verified.stdout.startswith("shared: equal"), verified


class Learning:
    """The command at work on a long file."""

    def __init__(self, server: Server, forks: ForkServer, folder: Path, n: int = N_MANY) -> None:
        self._out, self._err = folder / "out", folder / "err"
        self._server = server
        self.process: Process = forks.start(
            arguments(written(folder, n)), environment(server.instance), self._out, self._err
        )
        wait_until(lambda: server.database.seq("shared") > 500)

    def end(self, code: int) -> tuple[int, str]:
        """Wait for it; return how many records it says that it has learned, and what it complains of."""
        assert self.process.wait(60) == code, self._err.read_text()
        reported = re.match(r"Learned ([\d,]+) records? in", self._out.read_text())
        assert reported is not None, self._out.read_text() + self._err.read_text()
        return int(reported[1].replace(",", "")), self._err.read_text()

    def figures(self) -> str:
        """Return its figures of the model in the end."""
        return self._out.read_text().splitlines()[-1]


@pytest.fixture
def learning(shared: Server, forks: ForkServer, tmp_path: Path) -> Learning:
    return Learning(shared, forks, tmp_path)


class TestRollBack:
    @pytest.mark.parametrize("is_handed", [True, False])
    def test_gets_through_beside_a_command_and_busy_clients(
        self, shared: Server, forks: ForkServer, tmp_path: Path, *, is_handed: bool
    ) -> None:
        def teach(client: Client, _: int) -> None:
            assert client.learn(features={"a": 1.0}, ground_truth=True).status == 201

        with nullcontext() if is_handed else hidden(socket_of(shared)), under_load(shared, 4, teach):
            learning = Learning(shared, forks, tmp_path, n=4 * N_MANY)
            done = shared.manage("roll_back", "shared", "--seq", "0")
            # Long before those are at their end that it has come between.
            os.kill(learning.process.pid, signal.SIGINT)
            n_told, _ = learning.end(130)

        assert (done.returncode, done.stderr) == (0, "")
        assert "goes on as generation 2" in done.stdout
        found: list[Any] = [learn.x() for learn in shared.database.all_learns()]
        assert [x["file"] for x in found if "file" in x] == list(range(n_told))
        verified = shared.manage("verify_journal")
        assert verified.stdout.startswith("shared: equal"), verified


class TestHandedOver:
    def test_ends_where_it_is_interrupted(self, shared: Server, learning: Learning) -> None:
        os.kill(learning.process.pid, signal.SIGINT)

        n_reported, complaint = learning.end(130)

        assert complaint == "CommandError: Interrupted.\n"
        assert n_reported == shared.database.seq("shared") < N_MANY
        assert [number for _, number in of_file(shared)] == list(range(n_reported))
        assert learning.figures().startswith(f"shared, learns 1 to {n_reported:,}: ")

    def test_ends_with_the_command(self, shared: Server, client: Client, learning: Learning) -> None:
        os.kill(learning.process.pid, signal.SIGKILL)
        learning.process.wait(60)
        # Behind what was under way.
        client.learn(model="shared", features={"a": 1.0}, ground_truth=True)

        n_learned = len(of_file(shared))

        assert n_learned < N_MANY
        client.learn(model="shared", features={"a": 1.0}, ground_truth=True)
        assert len(of_file(shared)) - n_learned <= 1_024

    def test_ends_with_the_server(self, shared: Server, learning: Learning) -> None:
        assert shared.stop() == 0

        n_reported, complaint = learning.end(1)

        assert f"history.csv, line {n_reported + 2}: The server is stopping." in complaint
        assert n_reported == shared.database.seq("shared") < N_MANY
        assert [number for _, number in of_file(shared)] == list(range(n_reported))
        assert not socket_of(shared).exists()
        shared.start()

    def test_says_how_far_a_server_came_that_was_killed(
        self, shared: Server, learning: Learning, tmp_path: Path
    ) -> None:
        shared.kill()

        n_reported, complaint = learning.end(1)

        n_learned = shared.database.seq("shared")
        assert f"history.csv, line {n_reported + 2}: The server ended before it answered" in complaint
        assert n_reported <= n_learned < N_MANY
        assert [number for _, number in of_file(shared)] == list(range(n_learned))
        assert learning.figures().startswith(f"shared, learns 1 to {n_learned:,}: ")
        # Its socket is there still: nobody is behind it, and then a new server.
        assert socket_of(shared).exists()
        assert shared.manage(*arguments(written(tmp_path, 10))).returncode == 0
        shared.start()
        assert shared.manage(*arguments(written(tmp_path, 20))).returncode == 0
        assert shared.database.seq("shared") == n_learned + 30
        with shared.client() as client:
            assert n_served(client) == 20
