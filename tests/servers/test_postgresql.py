"""Servers on one PostgreSQL: crashes of one of them and of the database, and two side by side."""

import json
import pickle
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest
from river import linear_model, preprocessing

from tests.postgresql import Cluster
from tests.servers.clients import Client
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

N_THREADS, N_ROUNDS = 6, 2


class Load:
    """Clients that count what was acknowledged; what was not answered may be done or not."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers
        self._ends = threading.Event()
        self.learned: Counter[str] = Counter()
        self.unclear: set[str] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(N_THREADS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Have the clients come to an end."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    @property
    def n_learned(self) -> int:
        """The number of learns that were acknowledged."""
        return self.learned.total()

    def _work(self, number: int) -> None:
        n = 0
        while not self._ends.is_set():
            server = self._servers[(number + n) % len(self._servers)]
            n += 1
            self._pair(server, number + n, f"{id(self)}-{number}-{n}")

    def _pair(self, server: Server, number: int, name: str) -> None:
        body: dict[str, Any] = {"model": f"m{number % 2}", "features": {"a": 1.5}, "id": name}
        try:
            with server.client() as client:
                if client.predict(**body).status != 201:
                    return
                with self._lock:
                    self.unclear.add(name)
                answer = client.learn(id=name, ground_truth=2.0)
        except (OSError, HTTPException):
            return
        with self._lock:
            if answer.status == 201:
                self.learned[name] += 1
                self.unclear.discard(name)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def servers(
    cluster: Cluster, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    """Two servers on one database, each with an instance folder; their secret key is one."""
    _connect(cluster, "postgres").execute("CREATE DATABASE chantilly")
    made = [
        Server(template, tmp_path_factory.mktemp(name), DATABASE_URL=cluster.url("chantilly"))
        for name in ("one", "two")
    ]
    done = made[0].manage("setup")
    assert done.returncode == 0, done.stderr
    for server in made:
        server.start()
    with made[0].client() as client:
        for name in ("m0", "m1"):
            model = preprocessing.StandardScaler() | linear_model.LinearRegression()
            answer = client.request("POST", f"/api/model/{name}?flavor=regression", pickle.dumps(model))
            assert answer.status == 201, answer.body
    yield made
    for server in made:
        server.close()


def _connect(cluster: Cluster, database: str = "chantilly") -> "psycopg.Connection[tuple[Any, ...]]":
    return psycopg.connect(cluster.url(database), autocommit=True)


def _journal(cluster: Cluster) -> Counter[str]:
    """Return how often each id was learned."""
    with _connect(cluster) as connection:
        rows = connection.execute("SELECT learns FROM models_app_journalsegment").fetchall()
    return Counter(learn[0] for (text,) in rows for learn in json.loads(text))


def _check(load: Load, cluster: Cluster, server: Server) -> None:
    """Everything acknowledged is in the journal, once; nothing else but what was not answered."""
    journal = _journal(cluster)
    assert set(journal.values()) == {1}
    assert set(load.learned) <= set(journal)
    with _connect(cluster) as connection:
        ((total,),) = connection.execute("SELECT sum(seq) FROM models_app_servedmodel").fetchall()
    assert total == journal.total()
    verified = server.manage("verify_journal")
    assert verified.returncode == 0, verified.stdout + verified.stderr


class TestServers:
    def test_learn_each_truth_once_side_by_side(self, servers: list[Server], cluster: Cluster) -> None:
        load = Load(servers)
        wait_until(lambda: load.n_learned > 150)
        load.end()

        assert load.unclear == set()
        _check(load, cluster, servers[0])
        with servers[0].client() as one, servers[1].client() as two:
            answers = [client.get("/api/metrics?model=m0").json for client in (one, two)]
        assert answers[0] == answers[1]

    def test_lose_nothing_when_one_is_killed(self, servers: list[Server], cluster: Cluster) -> None:
        for _ in range(N_ROUNDS):
            load = Load(servers)
            wait_until(lambda load=load: load.n_learned > 60)  # type: ignore[misc]
            servers[1].kill()
            n_before = load.n_learned
            # The other one serves on.
            wait_until(lambda load=load, n=n_before: load.n_learned > n + 30)  # type: ignore[misc]
            load.end()
            servers[1].start()

            _check(load, cluster, servers[1])

    def test_see_what_the_other_one_uploads_and_deletes(self, servers: list[Server]) -> None:
        with servers[0].client() as one, servers[1].client() as two:
            model = pickle.dumps(linear_model.LinearRegression())
            assert one.request("POST", "/api/model/new?flavor=regression", model).status == 201
            assert _asks(two, "new") == 200
            assert one.request("DELETE", "/api/model/new").status == 204

            wait_until(lambda: _asks(two, "new") == 400)

    def test_lose_nothing_when_the_database_crashes(self, servers: list[Server], cluster: Cluster) -> None:
        load = Load(servers)
        wait_until(lambda: load.n_learned > 60)
        cluster.kill()
        with servers[0].client() as client:
            refused = client.learn(model="m0", features={"a": 1.0}, ground_truth=1.0)
            assert client.get("/healthz").status == 200
        cluster.start()
        n_before = load.n_learned
        wait_until(lambda: load.n_learned > n_before + 60)
        load.end()
        with servers[0].client() as client:
            # A connection that was lost costs who uses it next a refusal, and is made anew.
            wait_until(lambda: client.get("/api/models?details=1").status == 200)

        assert (refused.status, refused.code) == (503, "storage_unavailable"), refused.body
        _check(load, cluster, servers[0])
        for server in servers:
            server.may_complain = True


def _asks(client: Client, name: str) -> int:
    return client.predict(model=name, features={"a": 1.0}).status
