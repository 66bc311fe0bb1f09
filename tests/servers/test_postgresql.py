"""Servers on one PostgreSQL: crashes of one of them and of the database, and two side by side."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from river import linear_model, preprocessing

from tests.postgresql import Cluster
from tests.servers.clients import Client
from tests.servers.pairs import Load, check, connect
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

N_ROUNDS = 2


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
    connect(cluster, "postgres").execute("CREATE DATABASE chantilly")
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


class TestServers:
    def test_learn_each_truth_once_side_by_side(self, servers: list[Server], cluster: Cluster) -> None:
        load = Load(servers)
        wait_until(lambda: load.n_learned > 150)
        load.end()

        assert load.unclear == set()
        check(load, cluster, servers[0].manage)
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

            check(load, cluster, servers[1].manage)

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
        check(load, cluster, servers[0].manage)
        for server in servers:
            server.may_complain = True


def _asks(client: Client, name: str) -> int:
    return client.predict(model=name, features={"a": 1.0}).status
