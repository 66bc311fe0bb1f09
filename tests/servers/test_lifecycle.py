"""Starts and stops, commands beside the server, and models that come and go from memory."""

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from river import linear_model, preprocessing

from models_app.domain import blobs
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.databases import tag_of
from tests.servers.launchers import ForkServer, spawn
from tests.servers.listeners import Heard, listening
from tests.servers.loads import under_load
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

#: What a stop may take, in seconds, as the project promises it.
STOP_SECONDS = 10


class TestStop:
    def test_under_load_with_open_streams_is_clean(self, start: Start, uploads: Uploads) -> None:
        # As users start it: all others of the tests are forks.
        server = start(launcher=spawn)
        names = ["a", "b", "c"]
        numbers = itertools.count()
        learned: list[int] = []
        pending: list[str] = []
        with server.client() as client:
            client.init("regression")
            for name in names:
                client.upload(uploads.bytes("counting"), name)

        def use(client: Client, _: int) -> None:
            number = next(numbers)
            name = names[number % len(names)]
            predicted = client.predict(features={"tag": -1}, id=f"p{number}", model=name)
            if predicted.status == 201:
                pending.append(f"p{number}")
            answer = client.learn(features={"tag": number}, ground_truth=1, model=name)
            if answer.status == 201:
                learned.append(number)
            refusals = {answer.code for answer in (predicted, answer) if answer.status != 201}
            assert refusals <= {"server_stopping"}

        with ExitStack() as streams:
            ends = [
                Drain(streams.enter_context(listening(server.port, path)))
                for path in ["/api/stream/events", "/api/stream/metrics"] * 3
            ]
            with under_load(server, 8, use, broken_is_fine=True):
                wait_until(lambda: len(learned) > 200)
                code = server.stop(STOP_SECONDS)
            heard = [end.join() for end in ends]

        assert code == 0, server.log
        assert all(count > 0 for count in heard)
        database = server.database
        assert set(pending) <= database.pending_ids()
        journaled = Counter(tag_of(learn) for name in names for learn in database.learns(name))
        assert set(journaled.values()) == {1}
        assert set(learned) <= set(journaled)
        for name in names:
            assert database.snapshot_seqs(name)[-1] == database.seq(name)
        assert server.complaints == []

    def test_writes_down_what_was_counted(self, start: Start, forks: ForkServer, uploads: Uploads) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
            for _ in range(7):
                client.predict(features={})

        server.restart(clean=True)

        assert server.database.rows("SELECT n_predictions FROM models_app_servedmodel") == [(7,)]
        with server.client() as client:
            assert client.get("/api/stats").json["predict"]["n_calls"] == 7


class Drain:
    """Reads a stream to its end in a thread."""

    def __init__(self, events: Iterator[Heard]) -> None:
        self._count = 0
        self._events = events
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for _ in self._events:
            self._count += 1

    def join(self) -> int:
        """Return the number of events, once the stream has ended."""
        self._thread.join(STOP_SECONDS)
        assert not self._thread.is_alive()
        return self._count


class TestStart:
    def test_replays_what_no_snapshot_has(self, start: Start, forks: ForkServer, uploads: Uploads) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
            for tag in range(20):
                client.learn(features={"tag": tag}, ground_truth=1)
            metrics = client.metrics()
        assert server.database.snapshot_seqs("counting") == [0]

        server.restart(clean=False)

        with server.client() as client:
            assert blobs.loads(client.download("counting")).tags == list(range(20))
            assert client.metrics() == client.metrics("counting") == metrics

    def test_makes_models_hot_before_anybody_asks(
        self, start: Start, forks: ForkServer, uploads: Uploads, tmp_path: Path
    ) -> None:
        server = start(launcher=forks)
        log = tmp_path / "loads"
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("tracked", log=str(log)), "tracked")
        server.stop()
        log.write_text("")

        server.start()

        wait_until(lambda: log.read_text().count("+") > log.read_text().count("-"))


class TestCommandsBesideTheServer:
    def test_are_seen_at_the_next_request(self, server: Server, client: Client, tmp_path: Path) -> None:
        file = tmp_path / "model.pkl"
        file.write_bytes(blobs.dumps(preprocessing.StandardScaler() | linear_model.LinearRegression()))
        client.init("regression")
        client.upload(linear_model.LinearRegression(), "first")
        client.predict(features={"x": 1}, id="of the first")

        assert server.manage("add_model", str(file), "--name", "second").returncode == 0

        assert client.predict(features={"x": 1}, id="of the second").json["model"] == "second"
        client.learn(id="of the second", ground_truth=3)
        (first, second) = json.loads(server.manage("list_models", "--json").stdout)
        assert (first["name"], second["name"], second["n_learns"]) == ("first", "second", 1)

        assert server.manage("delete_model", "second").returncode == 0

        assert client.predict(features={"x": 1}).json["model"] == "first"
        assert client.predict(features={"x": 1}, model="second").code == "model_not_found"

        assert server.manage("init", "binary", "--no-input").returncode == 0

        assert client.get("/api/init").json["flavor"] == "binary"
        assert client.predict(features={"x": 1}).code == "no_default_model"
        assert client.learn(id="of the first", ground_truth=True).code == "prediction_not_pending"
        assert client.get("/api/metrics").json["Accuracy"] == 0.0

    def test_find_the_journal_in_order(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(preprocessing.StandardScaler() | linear_model.LinearRegression(), "house")
            # Features that were predicted from and never learned leave their marks in a scaler.
            client.predict(features={"seen": 1.0, "never": 2.0})
            for number in range(5):
                client.predict(features={"b": 1.0, "a": number}, id=number)
                client.learn(features={"a": number, "b": 2.0}, ground_truth=number)
        # It snapshots what it has in memory.
        server.stop()
        assert server.database.snapshot_seqs("house") == [0, 5]

        verified = server.manage("verify_journal", "house")

        assert (verified.returncode, verified.stderr) == (0, "")


class TestEviction:
    def test_keeps_few_models_in_memory_and_every_answer_exact(
        self, start: Start, forks: ForkServer, uploads: Uploads, tmp_path: Path
    ) -> None:
        n_hot, names = 2, [f"m{number}" for number in range(5)]
        server = start(launcher=forks, HOT_MODELS_MAX=str(n_hot))
        logs = {name: tmp_path / name for name in names}
        with server.client() as client:
            client.init("regression")
            for name, log in logs.items():
                client.upload(uploads.bytes("tracked", log=str(log)), name)

            for n_learns in range(12):
                for name in names:
                    answer = client.predict(features={}, id=name, model=name)
                    assert answer.json == {"model": name, "prediction": n_learns}
                    assert client.learn(id=name, ground_truth=n_learns + 1).status == 201

            wait_until(lambda: sum(map(in_memory, logs.values())) <= n_hot)
            # Each was loaded again and again, and none twice at a time.
            assert all(log.read_text().count("+") > 6 for log in logs.values())
            assert [client.metrics(name)["MAE"] for name in names] == [1.0] * len(names)


def in_memory(log: Path) -> int:
    """Return how many objects of a tracked model live."""
    text = log.read_text()
    return text.count("+") - text.count("-")
