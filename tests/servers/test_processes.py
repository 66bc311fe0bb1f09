"""A server of several processes, some of which die."""

import contextlib
import http.client
import itertools
import os
import pickle
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from river import datasets, linear_model, preprocessing

from models_app.domain import blobs
from models_app.shards.slots import shard_of
from tests.servers.clients import Answer, Client
from tests.servers.folds import Fold, state_of
from tests.servers.launchers import ForkServer
from tests.servers.listeners import Heard, listening
from tests.servers.loads import together
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

N_SHARDS = 2
N_CLIENTS, N_PAIRS = 64, 8


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory, forks: ForkServer) -> Iterator[Server]:
    """A server of two web workers and two shards."""
    server = Server(
        template, tmp_path_factory.mktemp("processes"), forks,
        ENGINE_PROCESSES=str(N_SHARDS), WORKERS="2", SHARD_SECONDS="2", ENGINE_THREADS="4",
    )  # fmt: skip
    server.may_complain = True
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(server: Server, uploads: Uploads) -> Iterator[Client]:
    with server.client() as client:
        client.init("regression")
        yield client


def listens(pid: int) -> bool:
    """Say whether a process listens on a port: web workers do."""
    listening = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line}
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return any(link.removeprefix("socket:[").removesuffix("]") in listening for link in links)


def name_on(number: int, stem: str) -> str:
    """Return a name that a shard owns."""
    return next(f"{stem}-{i}" for i in range(1000) if shard_of(f"{stem}-{i}", N_SHARDS) == number)


def learn(server: Server, name: str, **features: object) -> Answer:
    with server.client() as client:
        return client.learn(features=features, ground_truth=1.0, model=name)


def when_there(server: Server, name: str) -> Answer:
    """Ask a model until its shard is there."""
    answers: list[Answer] = []

    def asked() -> bool:
        with server.client() as client:
            answers.append(client.predict(features={}, model=name))
        return answers[-1].code != "shard_unavailable"

    wait_until(asked)
    return answers[-1]


def end_shard(server: Server, name: str) -> None:
    """Have a model end its shard, as soon as the web worker that is asked has a way to it."""
    before = set(server.children())

    def is_ended() -> bool:
        learn(server, name, die="segfault")
        return not before <= set(server.children())

    wait_until(is_ended)


class TestDeathOfAShard:
    @pytest.mark.parametrize("way", ["exit", "segfault", "abort", "kill"])
    def test_costs_its_own_models_what_was_under_way(
        self, server: Server, client: Client, uploads: Uploads, way: str
    ) -> None:
        deadly, other = name_on(0, f"deadly-{way}"), name_on(1, "other")
        for name in (deadly, other):
            client.upload(uploads.bytes("deadly"), name)
            wait_until(lambda name=name: learn(server, name).status == 201)  # type: ignore[misc]
        refused = learn(server, deadly, die=way)
        beside = learn(server, other)
        back = when_there(server, deadly)

        assert (refused.status, refused.code) == (503, "shard_unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        assert beside.status == 201
        assert (back.status, back.json["prediction"]) == (200, 1)

    def test_that_holds_the_interpreter_comes_after_a_while(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        deadly, other = name_on(1, "holding"), name_on(0, "other")
        for name in (deadly, other):
            client.upload(uploads.bytes("deadly"), name)
        statuses: list[int] = []
        thread = threading.Thread(target=lambda: statuses.append(learn(server, deadly, die="hold").status))
        thread.start()
        beside = [learn(server, other).status for _ in range(20)]
        thread.join()

        assert beside == [201] * 20
        assert statuses == [503]
        assert when_there(server, deadly).json["prediction"] == 0
        assert "shard 1 (process " in server.log
        assert " gave no sign of life and was killed by SIGABRT" in server.log


class TestAModelThatHasKilledItsShardThreeTimes:
    def test_is_not_loaded_until_it_is_released(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        deadly, other = name_on(0, "killer"), name_on(0, "neighbour")
        for name in (deadly, other):
            client.upload(uploads.bytes("deadly"), name)
        for _ in range(3):
            assert when_there(server, deadly).status == 200
            end_shard(server, deadly)
        set_aside = when_there(server, deadly)
        beside = when_there(server, other)
        details = client.get("/api/models?details=1").json["details"]
        why = {model["name"]: model["quarantine"] for model in details}
        figures = client.get("/metrics").body.decode()
        released = client.post(f"/api/model/{deadly}/release")
        back = when_there(server, deadly)

        assert (set_aside.status, set_aside.code) == (503, "model_quarantined")
        assert "retry-after" not in set_aside.headers
        assert beside.status == 200
        assert (why[deadly]["ends"], why[deadly]["how"]) == (3, "was killed by SIGSEGV")
        assert why[other] is None
        assert "chantilly_models_quarantined 1.0" in figures
        assert (released.status, released.json) == (200, {"was_quarantined": True})
        assert back.status == 200


class TestDeathOfAWebWorker:
    def test_costs_its_connections_only(self, server: Server, client: Client, uploads: Uploads) -> None:
        client.upload(uploads.bytes("deadly"), "quiet")
        before = set(server.children())
        pid = next(pid for pid in before if listens(pid))
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(server.children()) - before) == 1)

        statuses = []
        for _ in range(20):
            with contextlib.suppress(OSError, http.client.HTTPException):
                statuses.append(learn(server, "quiet").status)
        assert statuses == [201] * 20


class TestStop:
    def test_is_clean_and_leaves_nobody(self, server: Server, client: Client, uploads: Uploads) -> None:
        client.upload(uploads.bytes("deadly"), "kept")
        assert learn(server, "kept").status == 201
        pids = server.children()
        code = server.stop()

        assert code == 0, server.log
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        server.start()
        assert when_there(server, "kept").json["prediction"] == 1

    def test_of_the_parent_by_force_stops_all(self, server: Server, client: Client) -> None:
        pids = server.children()
        server.kill()

        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        server.start()


class TestExactness:
    def test_of_many_clients_whose_truths_come_late_is_that_of_a_bare_loop(
        self, server: Server, client: Client
    ) -> None:
        names = [name_on(number, f"exact-{i}") for i in range(2) for number in range(N_SHARDS)]
        model = preprocessing.StandardScaler() | linear_model.LinearRegression(intercept_lr=0.1)
        folds = {name: Fold(blobs.loads(blobs.dumps(model)), "regression") for name in names}
        for name in names:
            client.upload(model, name)
        samples = list(itertools.islice(datasets.TrumpApproval(), N_CLIENTS * N_PAIRS))

        def work(client: Client, number: int) -> None:
            rng = random.Random(number)
            own = {f"{number}-{i}": samples[number * N_PAIRS + i] for i in range(N_PAIRS)}
            moments = [(rng.random(), "predict", prediction_id) for prediction_id in own]
            moments += [(at + rng.random(), "learn", prediction_id) for at, _, prediction_id in moments]
            for _, what, prediction_id in sorted(moments):
                x, y = own[prediction_id]
                if what == "predict":
                    answer = client.predict(features=x, id=prediction_id, model=rng.choice(names))
                else:
                    answer = client.learn(id=prediction_id, ground_truth=y)
                assert answer.status == 201, answer

        together(server, N_CLIENTS, work)
        learned = 0
        for name, fold in folds.items():
            journal = server.database.learns(name)
            learned += len(journal)
            fold.apply(journal)
            for _ in range(4):
                # One of the web workers, and the other.
                with server.client() as client:
                    assert client.metrics(name) == fold.scores.values()
                    assert state_of(blobs.loads(client.download(name))) == state_of(fold.model)
        assert learned == N_CLIENTS * N_PAIRS


class TestEvents:
    def test_of_all_shards_reach_who_listens_at_any_web_worker(self, server: Server, client: Client) -> None:
        names = [name_on(number, "told") for number in range(N_SHARDS)]
        for name in names:
            assert client.upload(pickle.dumps(linear_model.LinearRegression()), name) == name
        with ExitStack() as opened:
            # Connections go to either worker, as the kernel has it.
            streams = [opened.enter_context(listening(server.port, "/api/stream/events")) for _ in range(6)]
            heard = [_heard_of(stream, names) for stream in streams]

            def all_are_told() -> bool:
                for name in names:
                    learn(server, name, a=1.0)
                return all(set(each) == set(names) for each in heard)

            wait_until(all_are_told)


def _heard_of(stream: Iterator[Heard], names: list[str]) -> list[str]:
    """Return a list that gets the model of each event, as it comes."""
    found: list[str] = []

    def read() -> None:
        # Their connections are closed in the end.
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            for event in stream:
                model = event.data["model"]
                if model in names:
                    found.append(model)

    threading.Thread(target=read, daemon=True).start()
    return found
