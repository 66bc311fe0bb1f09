"""A server whose shards are actors on two nodes of Ray, some of which die, hang, or are away."""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from river import linear_model, preprocessing

from models_app.shards.slots import shard_of
from tests.postgresql import Cluster
from tests.servers import waiting
from tests.servers.launchers import ROOT, environment, spawn
from tests.servers.listeners import listening
from tests.servers.pairs import Load, check, connect
from tests.servers.rays import ADDRESS, Node, own_network
from tests.servers.servers import Server

pytestmark = pytest.mark.skipif(
    (find_spec("ray") is None or os.getuid() != 0) and os.environ.get("CI") != "true",
    reason="needs Ray, and root for a network of its own",
)

N_SHARDS = 2
# An actor imports River and Django first, on what processor there is.
_LIMIT_SECONDS = 120
SECRET = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once a condition holds, which may take a restart."""
    waiting.wait_until(holds, _LIMIT_SECONDS)


class Instance:
    """A database, two nodes and a server."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.cluster = Cluster()
        self.cluster.start()
        connect(self.cluster, "postgres").execute("CREATE DATABASE chantilly")
        self.settings = {
            "DATABASE_URL": self.cluster.url("chantilly"),
            "ENGINE": "ray",
            "ENGINE_PROCESSES": str(N_SHARDS),
            "RAY_ADDRESS": ADDRESS,
            **SECRET,
        }
        self.server = Server(template, folder, spawn, **self.settings)
        self.server.may_complain = True
        self.server.ready_seconds = _LIMIT_SECONDS
        done = self.manage("setup")
        assert done.returncode == 0, done.stderr
        variables = environment(self.server.instance, **self.settings)
        self.head, self.node = (Node(variables, is_head=is_head) for is_head in (True, False))

    def start(self) -> None:
        """Start the nodes, and then the server."""
        for node in (self.head, self.node):
            node.start()
        self.server.start()
        with self.server.client() as client:
            for name in ("m0", "m1"):
                model = pickle.dumps(preprocessing.StandardScaler() | linear_model.LinearRegression())
                answer = client.request("POST", f"/api/model/{name}?flavor=regression", model)
                assert answer.status == 201, answer.body

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `manage.py` to its end, in this network."""
        variables = environment(self.server.instance, **self.settings)
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, check=False, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120
        )

    def spread(self) -> None:
        """Have actors on both nodes, and all of them there."""

        def is_spread() -> bool:
            return len(self.head.actors()) + len(self.node.actors()) == N_SHARDS and self.node.actors() != []

        # Where they go is Ray's matter.
        while not is_spread():
            assert self.manage("end_shards").returncode == 0
            wait_until(lambda: not _is_ready(self.server))
            wait_until(lambda: _is_ready(self.server))

    def check(self, load: Load) -> None:
        """See `check`."""
        check(load, self.cluster, self.manage)

    def close(self) -> None:
        """End all of it."""
        self.server.close()
        for node in (self.node, self.head):
            node.close()
        self.cluster.stop()


def _is_ready(server: Server) -> bool:
    with server.client() as client:
        return client.get("/readyz").status == 200


@pytest.fixture(scope="module")
def instance(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with own_network():
        instance = Instance(template, tmp_path_factory.mktemp("ray"))
        try:
            instance.start()
            yield instance
        finally:
            instance.close()


@pytest.fixture
def load(instance: Instance) -> Iterator[Load]:
    """Clients at work, with shards on both nodes."""
    instance.spread()
    load = Load([instance.server])
    wait_until(lambda: load.n_learned > 100)
    yield load
    load.end()


def _is_served_again(load: Load) -> None:
    """Wait until models of each shard are learned."""
    n_before = load.n_learned
    wait_until(lambda: load.n_learned > n_before + 60)


class TestShards:
    def test_are_on_both_nodes(self, instance: Instance) -> None:
        instance.spread()

        assert instance.head.actors()
        assert instance.node.actors()

    def test_answer_as_an_engine_does(self, instance: Instance) -> None:
        names = {shard_of(name, N_SHARDS): name for name in (f"s{i}" for i in range(40))}
        with instance.server.client() as client:
            for name in names.values():
                model = pickle.dumps(linear_model.LinearRegression())
                assert client.request("POST", f"/api/model/{name}?flavor=regression", model).status == 201
                assert client.predict(model=name, features={"a": 1.0}, id=f"id-{name}").status == 201
                assert client.learn(id=f"id-{name}", ground_truth=2.0).status == 201
                assert client.learn(model=name, features={}, ground_truth=1.0).status == 201
                assert client.learn(id=f"id-{name}", ground_truth=2.0).code == "prediction_not_pending"

            metrics = [client.get(f"/api/metrics?model={name}").json for name in names.values()]
            exported = client.get(f"/api/model/{names[0]}")
            # Others count the ids in the journal.
            assert {client.request("DELETE", f"/api/model/{name}").status for name in names.values()} == {204}

        bare = linear_model.LinearRegression()
        bare.learn_one({"a": 1.0}, 2.0)
        assert len(names) == N_SHARDS
        assert [each["MAE"] for each in metrics] == [(2.0 + abs(1.0 - bare.predict_one({}))) / 2] * N_SHARDS
        assert exported.status == 200

    def test_take_what_is_larger_than_a_call(self, instance: Instance) -> None:
        features = {f"feature-{i}": "x" * 1000 for i in range(400)}
        model = pickle.dumps(preprocessing.OneHotEncoder() | linear_model.LinearRegression())
        with instance.server.client() as client:
            assert client.request("POST", "/api/model/large?flavor=regression", model).status == 201

            answer = client.learn(model="large", features=features, ground_truth=1.0)
            exported = client.get("/api/model/large")
            assert client.request("DELETE", "/api/model/large").status == 204

        assert answer.status == 201
        assert len(exported.body) > 300_000

    def test_tell_who_listens_of_what_they_learn(self, instance: Instance) -> None:
        heard: set[str] = set()
        is_open = threading.Event()

        def listen() -> None:
            with listening(instance.server.port, "/api/stream/events") as stream:
                is_open.set()
                for each in stream:
                    if each.event == "learn":
                        heard.add(each.data["model"])
                    if heard >= {"m0", "m1"}:
                        return

        listener = threading.Thread(target=listen)
        listener.start()
        assert is_open.wait(30)
        load = Load([instance.server])
        listener.join(30)
        load.end()

        assert heard >= {"m0", "m1"}


class TestFailures:
    @pytest.mark.parametrize("is_on_head", [True, False])
    def test_of_actors_lose_nothing(self, instance: Instance, load: Load, *, is_on_head: bool) -> None:
        for pid in (instance.head if is_on_head else instance.node).actors():
            os.kill(pid, signal.SIGKILL)

        wait_until(lambda: not _is_ready(instance.server))
        wait_until(lambda: _is_ready(instance.server))
        _is_served_again(load)
        load.end()

        instance.check(load)

    def test_of_a_node_lose_nothing(self, instance: Instance, load: Load) -> None:
        instance.node.kill()

        wait_until(lambda: not _is_ready(instance.server))
        wait_until(lambda: _is_ready(instance.server))
        _is_served_again(load)
        load.end()
        n_moved = len(instance.head.actors())
        instance.node.start()

        assert n_moved == N_SHARDS
        instance.check(load)

    def test_to_answer_of_a_node_that_goes_on_later_double_nothing(
        self, instance: Instance, load: Load
    ) -> None:
        instance.node.signal(signal.SIGSTOP)

        wait_until(lambda: not _is_ready(instance.server))
        wait_until(lambda: _is_ready(instance.server))
        _is_served_again(load)
        # What it had begun is committed late, or never.
        instance.node.signal(signal.SIGCONT)
        _is_served_again(load)
        load.end()
        instance.node.kill()
        instance.node.start()

        instance.check(load)

    def test_of_the_head_leave_the_shards_at_work(self, instance: Instance, load: Load) -> None:
        instance.head.signal(signal.SIGKILL, only="gcs_server")

        for _ in range(3):
            _is_served_again(load)
        load.end()

        instance.check(load)
