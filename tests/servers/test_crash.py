"""`kill -9` at any moment: what was acknowledged is there, once, and models are folds of their journals."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from river import linear_model, preprocessing, tree

from models_app.domain import blobs
from tests.servers.clients import Answer, Client
from tests.servers.conftest import Start
from tests.servers.databases import tag_of
from tests.servers.folds import Fold, Scores, state_of
from tests.servers.launchers import ForkServer
from tests.servers.loads import under_load
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

N_ROUNDS, N_ROUNDS_OF_A_SOAK = 6, 40
N_ROUNDS_OF_PROCESSES, N_ROUNDS_OF_PROCESSES_OF_A_SOAK = 4, 40
N_CLIENTS = 6
# A tree has sets, and a generator of random numbers that nobody has seeded: equal ones differ in their bytes.
PICKLES_ARE_EQUAL = {"counting", "linear"}


def pickled(model: Any) -> bytes:
    """Return a model's bytes, as they are once its strings came from a pickle."""
    return blobs.dumps(blobs.loads(blobs.dumps(model)))


class Witness:
    """Makes a load, and remembers what it was answered.

    Every prediction and every learn has a number of its own; `maybe` are those whose answer never came, or
    was, where `shards_die`, that the model's shard is lost.
    """

    def __init__(self, names: list[str], *, shards_die: bool = False) -> None:
        self._names = names
        self._shards_die = shards_die
        self._lock = threading.Lock()
        self._n = 0
        self._rng = random.Random(5)
        self.pending: dict[str, str] = {}
        self.learned: Counter[str] = Counter()
        self.maybe_pending: set[str] = set()
        self.maybe_learned: set[str] = set()

    def work(self, client: Client, _: int) -> None:
        """Predict, learn from a prediction that may be old, and learn from features."""
        self._predict(client)
        if self._rng.random() < 0.8:
            self._learn_by_id(client)
        if self._rng.random() < 0.4:
            self._learn_features(client)

    def wait_for_learns(self, n: int) -> None:
        """Wait until so many more learns were acknowledged."""
        enough = len(self.learned) + n
        wait_until(lambda: len(self.learned) >= enough)

    def _next(self) -> tuple[str, str, dict[str, Any]]:
        with self._lock:
            self._n += 1
            number = self._n
        name = self._names[number % len(self._names)]
        # No number twice, and in no order: a tree's search trees would become lists, too deep for a pickle.
        tag = number * 7919 % 100_003
        return name, f"n{tag}", {"x": number % 7 / 3, "y": (number * 37) % 11, "tag": tag}

    def _predict(self, client: Client) -> None:
        name, prediction_id, x = self._next()
        self.maybe_pending.add(prediction_id)
        if not self._was_done(client.predict(features=x, id=prediction_id, model=name)):
            return
        self.maybe_pending.remove(prediction_id)
        self.pending[prediction_id] = name

    def _learn_by_id(self, client: Client) -> None:
        with self._lock:
            if not self.pending:
                return
            prediction_id = self._rng.choice(list(self.pending))
            del self.pending[prediction_id]
        self.maybe_learned.add(prediction_id)
        if not self._was_done(client.learn(id=prediction_id, ground_truth=len(prediction_id))):
            return
        self.maybe_learned.remove(prediction_id)
        self.learned[prediction_id] += 1

    def _learn_features(self, client: Client) -> None:
        name, number, x = self._next()
        self.maybe_learned.add(number)
        if not self._was_done(client.learn(features=x, ground_truth=x["y"], model=name)):
            return
        self.maybe_learned.remove(number)
        self.learned[number] += 1

    def _was_done(self, answer: Answer) -> bool:
        if self._shards_die and answer.code == "shard_unavailable":
            return False
        assert answer.status == 201, answer
        return True

    def compare(self, journaled: Counter[str], pending: set[str]) -> None:
        """Compare what was answered with what is stored after a crash, and settle what was open."""
        assert set(journaled.values()) <= {1}
        learned = set(journaled)
        assert not learned & pending
        assert set(self.learned) <= learned <= set(self.learned) | self.maybe_learned
        assert set(self.pending) <= pending
        assert pending <= set(self.pending) | self.maybe_pending | self.maybe_learned
        for number in self.maybe_learned & learned:
            self.learned[number] = 1
        for number in pending - set(self.pending):
            self.pending[number] = "unknown"
        self.maybe_pending.clear()
        self.maybe_learned.clear()


class Folds:
    """The models as bare loops make them, kept up with the journals."""

    def __init__(self, server: Server, names: list[str]) -> None:
        self._database = server.database
        self._folds = {name: Fold(self._database.snapshot(name, 0), "regression") for name in names}

    def compare(self, client: Client) -> None:
        """Compare each served model, and its metrics, with its fold."""
        for name, fold in self._folds.items():
            fold.apply(self._database.learns(name, after=fold.seq))
            served = blobs.loads(client.download(name))
            assert state_of(served) == state_of(fold.model)
            if name in PICKLES_ARE_EQUAL:
                assert pickled(served) == pickled(fold.model)
            assert client.metrics(name) == fold.scores.values()
        together = Scores("regression")
        for learn in self._database.all_learns():
            together.update(learn.y_true(), learn.y_pred())
        assert client.metrics() == together.values()

    @property
    def n_learns(self) -> int:
        """The number of learns so far."""
        return sum(fold.seq for fold in self._folds.values())


def journaled(server: Server, names: Iterable[str]) -> Counter[str]:
    """Return how often each learn is in the journals, by its number."""
    return Counter(
        learn.prediction_id or f"n{tag_of(learn)}" for name in names for learn in server.database.learns(name)
    )


@pytest.fixture
def names(uploads: Uploads) -> dict[str, bytes]:
    return {
        "counting": uploads.bytes("counting"),
        "linear": blobs.dumps(preprocessing.StandardScaler() | linear_model.LinearRegression()),
        "tree": blobs.dumps(tree.HoeffdingTreeRegressor(grace_period=20)),
    }


class TestKill:
    @pytest.mark.parametrize("n_rounds", [N_ROUNDS, pytest.param(N_ROUNDS_OF_A_SOAK, marks=pytest.mark.soak)])
    def test_at_random_moments_loses_and_doubles_nothing(
        self, start: Start, forks: ForkServer, names: dict[str, bytes], n_rounds: int
    ) -> None:
        # Snapshots in between, so that recovery begins from all kinds of them.
        server = start(
            launcher=forks, SNAPSHOT_MIN_SECONDS="0.003", SNAPSHOT_COST_RATIO="0.5", SNAPSHOTS_KEPT="2"
        )
        rng = random.Random(11)
        with server.client() as client:
            client.init("regression")
            for name, data in names.items():
                client.upload(data, name)
        witness, folds = Witness(list(names)), Folds(server, list(names))

        for number in range(n_rounds):
            with under_load(server, N_CLIENTS, witness.work, broken_is_fine=True):
                # Each third time hardly before the load begins, while models are still being loaded.
                if number % 3 == 2:
                    time.sleep(rng.uniform(0, 0.05))
                else:
                    witness.wait_for_learns(20)
                    time.sleep(rng.uniform(0, 0.4))
                server.kill()
            server.start()
            witness.compare(journaled(server, names), server.database.pending_ids())
            with server.client() as client:
                folds.compare(client)

        assert folds.n_learns > 10 * n_rounds
        assert any(len(server.database.snapshot_seqs(name)) > 1 for name in names)
        assert server.complaints == []

    def test_while_nothing_happens_loses_nothing(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
            client.upload(uploads.bytes("counting"), "deleted")
            client.predict(features={"tag": 1}, id=1, model="counting")
            client.request("DELETE", "/api/model/deleted")

        server.restart(clean=False)

        with server.client() as client:
            assert client.get("/api/models").json == {"models": ["counting"], "default": "counting"}
            assert client.learn(id=1, ground_truth=1).status == 201


class TestKillOfOneOfSeveralProcesses:
    @pytest.mark.parametrize(
        "n_rounds",
        [N_ROUNDS_OF_PROCESSES, pytest.param(N_ROUNDS_OF_PROCESSES_OF_A_SOAK, marks=pytest.mark.soak)],
    )
    def test_at_random_moments_loses_and_doubles_nothing(
        self, start: Start, forks: ForkServer, names: dict[str, bytes], n_rounds: int
    ) -> None:
        server = start(
            launcher=forks,
            ENGINE_PROCESSES="2", WORKERS="2", SNAPSHOT_MIN_SECONDS="0.003", SNAPSHOT_COST_RATIO="0.5",
        )  # fmt: skip
        server.may_complain = True
        rng = random.Random(12)
        with server.client() as client:
            client.init("regression")
            for name, data in names.items():
                client.upload(data, name)
        witness, folds = Witness(list(names), shards_die=True), Folds(server, list(names))

        for _ in range(n_rounds):
            before = set(server.children())
            with under_load(server, N_CLIENTS, witness.work, broken_is_fine=True):
                witness.wait_for_learns(20)
                time.sleep(rng.uniform(0, 0.3))
                os.kill(rng.choice(sorted(before)), signal.SIGKILL)
                # The others serve on meanwhile, and the new one from its first moment.
                wait_until(lambda before=before: len(set(server.children()) - before) == 1)  # type: ignore[misc]
                time.sleep(rng.uniform(0, 0.3))
            wait_until(lambda: is_ready(server))
            witness.compare(journaled(server, names), server.database.pending_ids())
            with server.client() as client:
                folds.compare(client)

        assert folds.n_learns > 10 * n_rounds


def is_ready(server: Server) -> bool:
    with server.client() as client:
        return client.get("/readyz").status == 200
