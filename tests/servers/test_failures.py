"""A model that raises, and a disk that is full, leave no trace."""

import itertools
import pickle
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from river import linear_model, preprocessing

from models_app.domain import blobs
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.folds import state_of
from tests.servers.launchers import ForkServer
from tests.servers.loads import together
from tests.servers.servers import Server
from tests.servers.uploads import Uploads

N_LEARNS = 300


class TestModelThatRaises:
    def test_leaves_no_trace(self, server: Server, client: Client, uploads: Uploads) -> None:
        client.init("regression")
        client.upload(uploads.bytes("fragile"), "fragile")
        for number in range(10):
            client.learn(features={"n": number}, ground_truth=number)
        client.predict(features={"bad": 1}, id="bad")
        before, rows, metrics = client.download("fragile"), server.database.contents(), client.metrics()

        refused = [
            client.learn(id="bad", ground_truth=1),
            client.learn(features={"bad": 1}, ground_truth=1),
            client.learn(features={"bad_predict": 1}, ground_truth=1),
            client.predict(features={"bad_predict": 1}),
        ]

        assert [answer.status for answer in refused] == [400] * 4
        assert client.download("fragile") == before
        rows["snapshots"] = server.database.contents()["snapshots"]  # one more is no change
        assert server.database.contents() == rows
        assert client.metrics() == metrics
        assert server.database.pending_ids() == {"bad"}

    def test_may_panic_and_all_goes_on(self, server: Server, client: Client) -> None:
        client.init("regression")
        scaler = preprocessing.StandardScaler() | preprocessing.RobustScaler()
        client.upload(pickle.dumps(scaler | linear_model.LinearRegression()), "robust")

        # Statistics in Rust raise what is no `Exception`.
        learned = [
            client.learn(features={"a": value, "b": 2.0}, ground_truth=1.0) for value in (1.0, 1e308, -1e308)
        ]

        assert [answer.status for answer in learned] == [201, 201, 400]
        assert "Panic" in learned[2].json["message"]
        assert client.predict(features={"a": 1.0, "b": 2.0}).status == 200
        assert client.get("/readyz").status == 200

    def test_serves_the_next_good_request(self, server: Server, client: Client, uploads: Uploads) -> None:
        client.init("regression")
        client.upload(uploads.bytes("fragile"), "fragile")
        good = [client.learn(features={"n": number}, ground_truth=number).status for number in range(3)]

        bad = client.learn(features={"bad": 1}, ground_truth=100).status
        reported = client.predict(features={"n": 3}, id=3)
        learned = client.learn(id=3, ground_truth=3).status

        assert (good, bad, learned) == ([201] * 3, 400, 201)
        assert reported.json["prediction"] == 0 + 1 + 2
        model = blobs.loads(client.download("fragile"))
        assert (model.n, model.total) == (4, 6.0)

    def test_refuses_the_guilty_and_serves_the_innocent_beside_it(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        numbers = iter(range(400))
        client.init("regression")
        client.upload(uploads.bytes("fragile"), "fragile")

        def learn(client: Client, _: int) -> None:
            for number in numbers:
                features = {"bad": 1} if number % 10 == 0 else {"n": number}
                answer = client.learn(features=features, ground_truth=1)
                assert answer.status == (400 if number % 10 == 0 else 201)

        together(server, 16, learn)

        model = blobs.loads(client.download("fragile"))
        assert model.n == model.total == server.database.seq("fragile") == 360

    def test_is_not_replayed_from_the_start_each_time(
        self, server: Server, client: Client, uploads: Uploads, tmp_path: Path
    ) -> None:
        log = tmp_path / "learns"
        client.init("regression")
        # Dear enough that a snapshot is cheaper than what it saves.
        client.upload(uploads.bytes("fragile", log=str(log), seconds=0.002), "fragile")
        for number in range(N_LEARNS):
            client.learn(features={"n": number}, ground_truth=1)
        n_before = log.stat().st_size

        for _ in range(10):
            assert client.learn(features={"bad": 1}, ground_truth=1).status == 400
            assert client.predict(features={"n": 1}).json["prediction"] == N_LEARNS

        n_replayed = log.stat().st_size - n_before - 10
        # The first learn, the second, the fourth and so on is tried on a copy, too.
        assert n_before == N_LEARNS + N_LEARNS.bit_length()
        # Fewer where a slow machine has made a snapshot before. From the start each time, it is ten times.
        assert n_replayed < 2 * N_LEARNS


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """Let no file of the server's grow for the length of a block: writes fail as on a disk that is full."""
    files = [path for path in server.instance.rglob("*") if path.is_file()]
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (min(path.stat().st_size for path in files), hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))


class TestFullDisk:
    def test_refuses_what_cannot_be_written_and_recovers(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks)
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")
            client.predict(features={"tag": "kept"}, id=1)
            client.learn(features={"tag": "first"}, ground_truth=1)
            rows, metrics = server.database.contents(), client.metrics()
            before = state_of(blobs.loads(client.download("counting")))

            with full_disk(server):
                refused = [
                    client.learn(id=1, ground_truth=1),
                    client.predict(features={"tag": "new"}, id=2),
                    client.learn(features={"tag": "new"}, ground_truth=1),
                    client.request("POST", "/api/model/new", pickle.dumps(linear_model.LinearRegression())),
                    client.request("DELETE", "/api/model/counting"),
                ]
                read = client.predict(features={"tag": "new"})

            assert [(answer.status, answer.code) for answer in refused] == [(503, "storage_unavailable")] * 5
            assert all(answer.headers["retry-after"] for answer in refused)
            assert (read.status, read.json["prediction"]) == (200, 1)
            assert server.database.contents() == rows
            assert client.metrics() == metrics
            assert state_of(blobs.loads(client.download("counting"))) == before
            assert client.learn(id=1, ground_truth=1).status == 201
            assert blobs.loads(client.download("counting")).tags == ["first", "kept"]

        server.restart(clean=True)

        with server.client() as client:
            assert blobs.loads(client.download("counting")).tags == ["first", "kept"]
            assert server.database.rows("PRAGMA integrity_check") == [("ok",)]

    def test_while_many_write_loses_nothing_that_was_acknowledged(
        self, start: Start, forks: ForkServer, uploads: Uploads
    ) -> None:
        server = start(launcher=forks)
        tags, statuses = itertools.count(), set()
        acknowledged: list[int] = []
        with server.client() as client:
            client.init("regression")
            client.upload(uploads.bytes("counting"), "counting")

        def learn(client: Client, _: int) -> None:
            for _ in range(30):
                tag = next(tags)
                answer = client.learn(features={"tag": tag}, ground_truth=1)
                statuses.add(answer.status)
                if answer.status == 201:
                    acknowledged.append(tag)

        together(server, 8, learn)
        with full_disk(server):
            together(server, 8, learn)
        together(server, 8, learn)

        assert statuses == {201, 503}
        with server.client() as client:
            assert sorted(blobs.loads(client.download("counting")).tags) == sorted(acknowledged)
        assert len(acknowledged) >= 2 * 8 * 30
