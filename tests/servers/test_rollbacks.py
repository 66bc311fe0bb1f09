"""Rollbacks of a model that is in use: nothing is lost, nothing happens twice, the order is kept."""

import itertools
import threading
import time
from collections import Counter
from typing import Any

from river import linear_model, preprocessing

from models_app.domain import blobs, learns
from models_app.domain.learns import Learn
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.databases import Database, tag_of
from tests.servers.folds import Fold, Scores, state_of
from tests.servers.launchers import ForkServer
from tests.servers.loads import under_load
from tests.servers.scraping import scrape, value
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until

_BEGUN = "SELECT generation, seq, from_generation FROM models_app_generation ORDER BY generation"


def manage(server: Server, *arguments: str) -> str:
    done = server.manage(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def journals(database: Database) -> dict[int, list[Learn]]:
    """The journal of each generation; without gaps, each from where its generation began."""
    found: dict[int, list[Learn]] = {}
    for generation, begun_at, _ in database.rows(_BEGUN):
        found[generation], seq = [], begun_at
        for first, last, text in database.rows(
            "SELECT first_seq, last_seq, learns FROM models_app_journalsegment WHERE generation = ? "
            "ORDER BY first_seq",
            generation,
        ):
            segment = learns.decode(text)
            assert (first, last) == (seq + 1, seq + len(segment))
            found[generation] += segment
            seq = last
    return found


class Load:
    """Clients that learn numbers, half of them by id; remembers which were acknowledged."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self.acknowledged: list[int] = []

    def use(self, client: Client, _: int) -> None:
        number = next(self._numbers)
        if number % 2:
            assert client.predict(features={"tag": number}, id=number).status == 201
            answer = client.learn(id=number, ground_truth=1)
        else:
            answer = client.learn(features={"tag": number}, ground_truth=1)
        assert answer.status == 201, answer
        self.acknowledged.append(number)


class TestRollBackUnderLoad:
    def test_loses_nothing_and_doubles_nothing_and_keeps_the_order(
        self, start: Start, uploads: Uploads
    ) -> None:
        server, load, n_rollbacks = start(), Load(), 4
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")

        with under_load(server, 8, load.use):
            for number in range(n_rollbacks):
                n_before = len(load.acknowledged)
                wait_until(lambda n=n_before: len(load.acknowledged) > n + 100)  # type: ignore[misc]
                # Alternately to where it began, and to what it was a moment ago.
                taken = manage(server, "snapshot_models").rsplit(maxsplit=1)[-1]
                wait_until(lambda n=n_before: len(load.acknowledged) > n + 200)  # type: ignore[misc]
                manage(server, "roll_back", "counting", "--seq", "0" if number % 2 else taken)

        reported = journals(server.database)
        begun = server.database.rows(_BEGUN)
        assert len(begun) == n_rollbacks + 1
        tags = [tag_of(learn) for journal in reported.values() for learn in journal]
        assert Counter(tags) == Counter(load.acknowledged)
        assert server.database.pending_ids() == set()
        # What the model has learned is what its generation stems from, and then its own journal.
        lineage: dict[int, list[Any]] = {}
        for generation, seq, origin in begun:
            stem = lineage[origin][:seq] if origin else []
            lineage[generation] = stem + [tag_of(learn) for learn in reported[generation]]
        with server.client() as client:
            model = blobs.loads(client.download("counting"))
        assert model.tags == lineage[n_rollbacks + 1]
        assert manage(server, "verify_journal").startswith("counting: equal")

    def test_with_a_replay_learns_each_record_once(self, start: Start, uploads: Uploads) -> None:
        server, load, is_calm = start(), Load(), threading.Event()
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")

        def use(client: Client, number: int) -> None:
            load.use(client, number)
            if is_calm.is_set():
                # A command's batch is done again when the server commits meanwhile: it needs a gap to get in.
                time.sleep(0.1)

        with under_load(server, 2, use):
            wait_until(lambda: len(load.acknowledged) > 300)
            is_calm.set()
            manage(server, "roll_back", "counting", "--seq", "0")
            manage(server, "replay", "counting", "--generation", "1")

        reported = journals(server.database)
        with server.client() as client:
            model = blobs.loads(client.download("counting"))
        assert Counter(model.tags) == Counter(load.acknowledged)
        assert model.tags == [tag_of(learn) for learn in reported[2]]
        replayed = {tag_of(learn) for learn in reported[1]}
        assert [tag for tag in model.tags if tag in replayed] == [tag_of(learn) for learn in reported[1]]
        scores = Scores("regression")
        for learn in server.database.all_learns():
            scores.update(learn.y_true(), learn.y_pred())
        with server.client() as client:
            assert client.metrics() == scores.values()


class TestKill:
    def test_right_after_a_rollback_changes_nothing(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks)
        model = preprocessing.StandardScaler() | linear_model.LinearRegression()
        with server.client() as client:
            client.init("regression")
            client.upload(model, "linear")
            learn(client, range(100))
            manage(server, "snapshot_models")
            learn(client, range(100, 150))
            client.predict(features={"x": 3.0, "tag": -1}, id="late")
            over_all = client.metrics()
            manage(server, "roll_back", "linear", "--seq", "100")
            # A counter that fell would be taken for a new start.
            assert value(scrape(client), "learns_total", model="linear") == 150
        server.kill()
        server.start()

        fold = Fold(model, "regression")
        fold.apply(journals(server.database)[1][:100])
        with server.client() as client:
            assert client.metrics() == over_all
            assert client.metrics("linear") == fold.scores.values()
            assert state_of(blobs.loads(client.download("linear"))) == state_of(fold.model)
            learn(client, range(150, 170))
            assert client.learn(id="late", ground_truth=3).status == 201
        server.kill()
        server.start()

        fold.apply(server.database.learns("linear", after=100))
        assert fold.seq == 121
        with server.client() as client:
            assert client.metrics("linear") == fold.scores.values()
            assert state_of(blobs.loads(client.download("linear"))) == state_of(fold.model)

    def test_of_the_command_leaves_all_or_nothing(self, start: Start, forks: ForkServer) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(linear_model.LinearRegression(), "linear")
            learn(client, range(10))
        with server.database.connect() as connection:
            # The last statement of the rollback fails, as if the process had ended there.
            connection.execute(
                "CREATE TRIGGER fails BEFORE UPDATE OF generation ON models_app_servedmodel "
                "BEGIN SELECT RAISE(ABORT, 'as asked'); END"
            )
        before = server.database.contents()

        done = server.manage("roll_back", "linear", "--seq", "0")

        assert done.returncode == 1
        assert server.database.contents() == before
        assert len(server.database.rows(_BEGUN)) == 1


class TestHistory:
    def test_says_how_each_generation_began(self, server: Server, client: Client) -> None:
        client.init("regression")
        client.upload(linear_model.LinearRegression(), "linear")
        learn(client, range(10))
        manage(server, "snapshot_models")
        learn(client, range(5))
        manage(server, "roll_back", "linear", "--seq", "10")
        client.upload(linear_model.LinearRegression(), "linear")

        history = client.get("/api/metrics/history?model=linear").json
        reported = history["generations"]

        assert [list(begun) for begun in reported] == [["generation", "seq", "time", "kind"]] * 3
        assert [(begun["generation"], begun["seq"], begun["kind"]) for begun in reported] == [
            (1, 0, "upload"), (2, 10, "rollback"), (3, 0, "upload"),
        ]  # fmt: skip
        times = [begun["time"] for begun in reported]
        assert times == sorted(times)
        newest = client.get(f"/api/metrics/history?model=linear&since={times[1]}&points=1").json
        assert [begun["generation"] for begun in newest["generations"]] == [3]
        assert client.get("/api/metrics/history").json["generations"] == []
        # In SQL it is the same.
        assert server.database.rows(_BEGUN) == [(1, 0, None), (2, 10, 1), (3, 0, None)]


def learn(client: Client, numbers: "range") -> None:
    for number in numbers:
        x = {"x": number % 7 / 3, "tag": number}
        assert client.learn(features=x, ground_truth=number % 5).status == 201
