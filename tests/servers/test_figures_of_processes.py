"""The figures of a server of several processes: the same at each web worker, whichever dies."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.clients import Client
from tests.servers.launchers import ForkServer
from tests.servers.scraping import Samples, scrape, value
from tests.servers.servers import Server
from tests.servers.test_processes import learn, name_on, when_there
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

N_SHARDS, N_WORKERS = 2, 3


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory, forks: ForkServer) -> Iterator[Server]:
    """A server of three web workers and two shards."""
    server = Server(
        template, tmp_path_factory.mktemp("figures"), forks,
        ENGINE_PROCESSES=str(N_SHARDS), WORKERS=str(N_WORKERS), ENGINE_THREADS="4",
    )  # fmt: skip
    server.may_complain = True
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as client:
        client.init("regression")
        yield client


def scrapes(server: Server, n: int = 12) -> list[Samples]:
    """Ask on connections of their own, which the kernel gives to one worker or another."""
    found = []
    for _ in range(n):
        with server.client() as client:
            found.append(scrape(client))
    return found


def of(samples: Samples, name: str, role: str, number: int) -> float | None:
    return value(samples, f"process_{name}", role=role, number=str(number))


def n_learns(samples: Samples) -> float:
    return value(samples, "call_duration_seconds_count", route="learn") or 0.0


def n_refused(samples: Samples) -> float:
    return value(samples, "refusals_total", route="learn", status="400") or 0.0


def ask(server: Server, name: str, n: int) -> None:
    """Learn, on a connection each; each is refused once, too."""
    for _ in range(n):
        learn(server, name, a=1.0)
        with server.client() as client:
            client.learn(features={}, model=name)


class TestCounts:
    def test_are_the_sum_over_the_workers_at_each_of_them(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        client.upload(uploads.bytes("deadly"), "counted")
        before = scrape(client)
        threads = [threading.Thread(target=ask, args=(server, "counted", 20)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = scrapes(server)
        assert {n_learns(samples) - n_learns(before) for samples in found} == {160.0}
        assert {n_refused(samples) - n_refused(before) for samples in found} == {80.0}

    def test_are_the_sum_in_the_statistics_too(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        client.upload(uploads.bytes("deadly"), "counted")
        before = client.get("/api/stats").json["learn"]["n_calls"]
        ask(server, "counted", 10)

        found = set()
        for _ in range(12):
            with server.client() as other:
                found.add(other.get("/api/stats").json["learn"]["n_calls"])
        assert found == {before + 20}

    def test_never_fall_when_workers_die(self, server: Server, client: Client, uploads: Uploads) -> None:
        client.upload(uploads.bytes("deadly"), "counted")
        ask(server, "counted", 12)
        shown = n_learns(scrape(client))
        for number in range(N_WORKERS):
            samples = scrapes(server, 1)[0]
            os.kill(int(of(samples, "pid", "web", number) or 0), signal.SIGKILL)
            # The killed worker's connection is the only one that may break.
            found = _scrapes_of_others(server)
            assert all(n_learns(samples) == shown for samples in found)
            wait_until(lambda number=number: _is_up(server, "web", number))  # type: ignore[misc]

        after = scrapes(server)
        assert {n_learns(samples) for samples in after} == {shown}
        ask(server, "counted", 5)
        assert {n_learns(samples) for samples in scrapes(server)} == {shown + 10}


def _scrapes_of_others(server: Server) -> list[Samples]:
    found: list[Samples] = []
    for _ in range(6):
        try:
            found += scrapes(server, 1)
        except OSError:
            continue
    return found


def _is_up(server: Server, role: str, number: int) -> bool:
    try:
        samples = scrapes(server, 1)[0]
    except OSError:
        return False
    return of(samples, "up", role, number) == 1 and (of(samples, "restarts_total", role, number) or 0) > 0


class TestProcesses:
    def test_are_shown_by_role_and_number(self, server: Server, client: Client) -> None:
        wait_until(lambda: _duties(scrape(client)) == [("web", 0)])
        samples = scrape(client)

        up = [dict(labels) for name, labels in samples if name == "chantilly_process_up"]
        assert sorted((labels["role"], int(labels["number"])) for labels in up) == sorted(_all())
        for role, number in _all():
            pid = int(of(samples, "pid", role, number) or 0)
            resident = Path(f"/proc/{pid}/statm").read_text().split()[1]
            assert int(resident) > 0
            assert (of(samples, "resident_memory_bytes", role, number) or 0) > 10_000_000
            assert of(samples, "up", role, number) == 1

    def test_that_are_away_make_the_server_not_ready(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        assert client.get("/readyz").status == 200
        name = name_on(1, "deadly")
        client.upload(uploads.bytes("deadly"), name)
        before = scrape(client)
        pid = int(of(before, "pid", "shard", 1) or 0)
        # Who would start another one stands still meanwhile.
        os.kill(server.pid, signal.SIGSTOP)
        try:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: client.get("/readyz").status == 503)
            refused, meanwhile = client.get("/readyz"), scrape(client)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        wait_until(lambda: client.get("/readyz").status == 200)
        when_there(server, name)
        after = scrape(client)

        assert refused.message == "Not all models are served: shard 1 is away."
        assert [of(meanwhile, "up", role, number) for role, number in _all()] == [1, 0, 1, 1, 1]
        assert of(after, "restarts_total", "shard", 1) == (of(before, "restarts_total", "shard", 1) or 0) + 1
        assert of(after, "pid", "shard", 1) != pid
        assert of(after, "restarts_total", "shard", 0) == 0


def _all() -> list[tuple[str, int]]:
    return [*(("shard", i) for i in range(N_SHARDS)), *(("web", i) for i in range(N_WORKERS))]


def _duties(samples: Samples) -> list[tuple[str, int]]:
    return [(role, number) for role, number in _all() if of(samples, "has_duties", role, number)]
