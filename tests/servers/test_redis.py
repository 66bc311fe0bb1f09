"""Servers on one PostgreSQL that hear of each other by Redis, which dies in between."""

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from river import linear_model

from tests.postgresql import Cluster
from tests.redis_servers import RedisServer
from tests.servers.launchers import ForkServer
from tests.servers.listeners import Heard, listening
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

MODELS = ("m0", "m1", "m2", "m3")


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    redis = RedisServer()
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture(scope="module")
def servers(
    redis: RedisServer, template: Path, tmp_path_factory: pytest.TempPathFactory, forks: ForkServer
) -> Iterator[list[Server]]:
    """Two servers on one database, of one process and of several."""
    cluster = Cluster()
    cluster.start()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE chantilly")
    shared = {"DATABASE_URL": cluster.url("chantilly"), "REDIS_URL": redis.url, "STREAM_BACKLOG": "100000"}
    several = {"ENGINE_PROCESSES": "2", "WORKERS": "2", "ENGINE_THREADS": "4"}
    one = Server(template, tmp_path_factory.mktemp("one"), forks, **shared)
    two = Server(template, tmp_path_factory.mktemp("two"), forks, **shared, **several)
    done = one.manage("setup")
    assert done.returncode == 0, done.stderr
    for server in (one, two):
        server.start()
    with one.client() as client:
        client.init("regression")
        for name in MODELS:
            model = pickle.dumps(linear_model.LinearRegression())
            answer = client.request("POST", f"/api/model/{name}?flavor=regression", model)
            assert answer.status == 201, answer.body
    yield [one, two]
    for server in (one, two):
        server.close()
        assert server.complaints == []
    cluster.stop()


class Ear:
    """A listener in a thread of its own, which ends with the server."""

    def __init__(self, server: Server, path: str = "/api/stream/events") -> None:
        self.heard: list[Heard] = []
        is_open = threading.Event()
        threading.Thread(target=self._listen, args=(server.port, path, is_open), daemon=True).start()
        assert is_open.wait(30)

    def numbers(self, model: str) -> list[int]:
        """Return what a model was heard to have learned from, in that order."""
        return [
            round(1000 * each.data["features"]["n"])
            for each in self.heard
            if each.event == "learn" and each.data["model"] == model and "n" in each.data["features"]
        ]

    @property
    def n_resets(self) -> int:
        return sum(each.event == "stream-reset" for each in self.heard)

    def _listen(self, port: int, path: str, is_open: threading.Event) -> None:
        with listening(port, path) as stream:
            is_open.set()
            for each in stream:
                self.heard.append(each)


@pytest.fixture
def ears(servers: list[Server]) -> list[Ear]:
    """A listener at each server, who hears of the other one."""
    ears = [Ear(server) for server in servers]
    for i in (0, 1):
        _reach(servers[1 - i], ears[i])
    return ears


def _learn(server: Server, model: str, *numbers: int, name: str = "n") -> list[int]:
    with server.client() as client:
        return [
            client.learn(model=model, features={name: number / 1000}, ground_truth=1.0).status
            for number in numbers
        ]


def _reach(server: Server, ear: Ear) -> None:
    """Learn of each model at a server until a listener hears of it: it takes a moment at first."""
    for model in MODELS:

        def comes(model: str = model) -> bool:
            assert _learn(server, model, 0, name="first") == [201]
            return any(each.event == "learn" and each.data["model"] == model for each in ear.heard)

        ear.heard.clear()
        wait_until(comes)


class TestListeners:
    def test_hear_of_what_every_server_learns_once_and_in_order(
        self, servers: list[Server], ears: list[Ear]
    ) -> None:
        threads = [
            threading.Thread(target=_learn, args=(server, model, *range(100)))
            for server, models in zip(servers, (MODELS[:2], MODELS[2:]), strict=True)
            for model in models
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: all(len(ear.numbers(model)) >= 100 for ear in ears for model in MODELS))

        # Something that comes later: by then, what was told twice has come twice.
        for i in (0, 1):
            _reach(servers[1 - i], Ear(servers[i]))
        for ear in ears:
            assert {model: ear.numbers(model) for model in MODELS} == {
                model: list(range(100)) for model in MODELS
            }
            assert ear.n_resets == 0

    def test_hear_of_predictions(self, servers: list[Server], ears: list[Ear]) -> None:
        with servers[1].client() as client:
            assert client.predict(model="m0", features={"asked": 1.0}).status == 200

        wait_until(lambda: any("asked" in each.data.get("features", {}) for each in ears[0].heard))

    def test_see_metrics_of_what_others_learn(self, servers: list[Server]) -> None:
        ear = Ear(servers[0], "/api/stream/metrics")
        wait_until(lambda: _learn(servers[1], "m0", 0, name="any") == [201] and bool(ear.heard))

        assert ear.heard[0].event == "message"


class TestARedisThatDies:
    def test_costs_no_request_and_a_reset_of_streams(
        self, servers: list[Server], ears: list[Ear], redis: RedisServer
    ) -> None:
        ends = threading.Event()
        statuses: list[int] = []

        def load(server: Server, model: str) -> None:
            while not ends.is_set():
                statuses.extend(_learn(server, model, 0, name="load"))

        threads = [
            threading.Thread(target=load, args=(server, model))
            for server, models in zip(servers, (MODELS[:2], MODELS[2:]), strict=True)
            for model in models
        ]
        for thread in threads:
            thread.start()
        for _ in range(2):
            n_before = [ear.n_resets for ear in ears]
            redis.kill()
            wait_until(lambda n=n_before: all(ear.n_resets > n[i] for i, ear in enumerate(ears)))  # type: ignore[misc]
            n_learned = len(statuses)
            wait_until(lambda n=n_learned: len(statuses) > n + 50)  # type: ignore[misc]
            n_before = [ear.n_resets for ear in ears]
            redis.start()
            wait_until(lambda n=n_before: all(ear.n_resets > n[i] for i, ear in enumerate(ears)))  # type: ignore[misc]
            for i in (0, 1):
                _reach(servers[1 - i], ears[i])
        ends.set()
        for thread in threads:
            thread.join()

        assert set(statuses) == {201}
        _learn(servers[1], "m0", *range(50))
        wait_until(lambda: len(ears[0].numbers("m0")) >= 50)
        assert ears[0].numbers("m0") == list(range(50))
