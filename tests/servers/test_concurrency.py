"""Many clients at once: nothing is lost, nothing happens twice, nobody waits for a slow model."""

import itertools
import pickle
import statistics
import threading
import time
from collections import Counter

from river import linear_model

from models_app.domain import blobs
from tests.servers.clients import Answer, Client
from tests.servers.loads import together, under_load
from tests.servers.servers import Server
from tests.servers.uploads import Uploads
from tests.servers.waiting import wait_until


class TestOneModel:
    def test_counts_every_acknowledged_learn(self, server: Server, client: Client, uploads: Uploads) -> None:
        n_clients, n_learns = 32, 2000
        acknowledged: list[int] = []
        numbers = iter(range(n_learns))
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")

        def learn(client: Client, _: int) -> None:
            for number in numbers:
                # Half by id: that takes a prediction first.
                if number % 2:
                    assert client.predict(features={"tag": number}, id=number).status == 201
                    answer = client.learn(id=number, ground_truth=1)
                else:
                    answer = client.learn(features={"tag": number}, ground_truth=1)
                assert answer.status == 201, answer
                acknowledged.append(number)

        together(server, n_clients, learn)

        model = blobs.loads(client.download("counting"))
        assert sorted(acknowledged) == list(range(n_learns))
        assert server.database.seq("counting") == model.n == n_learns
        assert sorted(model.tags) == list(range(n_learns))
        journal = server.database.learns("counting")
        assert [learn.x() for learn in journal] == [{"tag": tag} for tag in model.tags]
        assert server.database.pending_ids() == set()
        assert client.get("/api/stats").json["learn"]["n_calls"] == n_learns

    def test_learns_an_id_once(self, server: Server, client: Client, uploads: Uploads) -> None:
        n_clients, ids = 16, range(25)
        answers: dict[int, list[Answer]] = {number: [] for number in ids}
        client.init("regression")
        client.upload(uploads.bytes("counting"), "counting")
        for number in ids:
            client.predict(features={"tag": number}, id=number)
        barrier = threading.Barrier(n_clients)

        def learn(client: Client, _: int) -> None:
            for number in ids:
                barrier.wait()
                answers[number].append(client.learn(id=number, ground_truth=1))

        together(server, n_clients, learn)

        for number in ids:
            assert Counter(answer.status for answer in answers[number]) == {201: 1, 400: n_clients - 1}
            reasons = {answer.message for answer in answers[number] if answer.status == 400}
            assert reasons == {f"No information stored for ID '{number}'."}
        assert Counter(blobs.loads(client.download("counting")).tags) == Counter(ids)


class TestChangesUnderLoad:
    def test_are_answered_cleanly(self, server: Server, client: Client, uploads: Uploads) -> None:
        names = ["a", "b", "c"]
        numbers = itertools.count()
        seen: Counter[tuple[str, int, str | None]] = Counter()
        client.init("regression")
        for name in names:
            client.upload(uploads.bytes("counting"), name)

        def use(client: Client, number: int) -> None:
            name, prediction_id = names[number % len(names)], next(numbers)
            for what, answer in (
                ("predict", client.predict(features={"tag": 1}, id=prediction_id, model=name)),
                ("learn", client.learn(id=prediction_id, ground_truth=1)),
                ("default", client.predict(features={"tag": 1})),
                ("features", client.learn(features={"tag": 1}, ground_truth=1)),
                ("models", client.get("/api/models")),
                ("metrics", client.get("/api/metrics")),
                ("download", client.get(f"/api/model/{name}")),
            ):
                seen[what, answer.status, answer.code] += 1

        with under_load(server, 8, use):
            for _ in range(6):
                for name in names:
                    client.upload(pickle.dumps(linear_model.LinearRegression()), name)
                    client.request("DELETE", f"/api/model/{name}")
                    client.upload(uploads.bytes("counting"), name)
                client.post("/api/init", flavor="regression")
                for name in names:
                    client.upload(uploads.bytes("counting"), name)

        refusals = {(what, status, code) for what, status, code in seen if status not in (200, 201)}
        assert refusals <= {
            ("predict", 400, "model_not_found"),
            ("learn", 400, "prediction_not_pending"),
            ("default", 400, "no_default_model"),
            ("features", 400, "no_default_model"),
            ("download", 404, "model_not_found"),
        }
        for what in ("predict", "learn", "default", "features"):
            assert seen[what, 201, None] + seen[what, 200, None] > 0
        assert server.complaints == []

    def test_a_model_deleted_under_load_leaves_nothing_behind(
        self, server: Server, client: Client, uploads: Uploads
    ) -> None:
        numbers = itertools.count()
        client.init("regression")

        def use(client: Client, _: int) -> None:
            number = next(numbers)
            client.predict(features={"tag": number}, id=number, model="doomed")
            client.learn(id=number, ground_truth=1)

        for _ in range(10):
            client.upload(uploads.bytes("counting"), "doomed")
            with under_load(server, 4, use):
                wait_until(lambda: server.database.seq("doomed") >= 5)
                assert client.request("DELETE", "/api/model/doomed").status == 204

            contents = server.database.contents()
            del contents["configuration"]
            assert contents == {"models": [], "snapshots": [], "segments": [], "pending": []}


class TestSlowModel:
    def test_does_not_stall_another(self, server: Server, client: Client, uploads: Uploads) -> None:
        client.init("regression")
        client.upload(uploads.bytes("slow"), "slow")
        client.upload(linear_model.LinearRegression(), "quick")

        def learn(client: Client, _: int) -> None:
            assert client.learn(features={"x": 1}, ground_truth=1, model="slow").status == 201

        alone = median_seconds(client)
        with under_load(server, 2, learn):
            wait_until(lambda: server.database.seq("slow") >= 2)
            # Whatever else the machine does can only add to some of the series; a stall would be in all.
            beside = min(median_seconds(client) for _ in range(5))

        # The one bound in time that the project promises: 5 ms in the median. A machine on which a prediction
        # takes long even when nothing else is asked of the server is measured against itself.
        assert beside < max(0.005, 4 * alone)


def median_seconds(client: Client) -> float:
    """Return how long a prediction took, in the median of a hundred."""
    seconds = []
    for _ in range(100):
        started = time.perf_counter()
        answer = client.predict(features={"x": 1.5}, model="quick")
        seconds.append(time.perf_counter() - started)
        assert answer.status == 200
    return statistics.median(seconds)
