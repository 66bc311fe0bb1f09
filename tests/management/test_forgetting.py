"""`forget` as a process of its own, beside a server that goes on."""

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.management.processes import Served, manage
from tests.management.test_commands_beside_a_server import done
from tests.servers.folds import state_of
from tests.services.test_forgetting import bare, numeric


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.post("/api/init", json={"flavor": "binary"})
        client.post("/api/model/mine", content=pickle.dumps(numeric()))
        yield client


def learn(client: httpx.Client, i: int) -> None:
    features = {"x": float(i % 7), "z": float(i % 3), "person": i}
    answer = client.post("/api/learn", json={"features": features, "ground_truth": i % 2 == 0})
    assert answer.status_code == 201


def served(client: httpx.Client) -> str:
    return state_of(pickle.loads(client.get("/api/model/mine").content))


def expected(kept: list[int]) -> str:
    return state_of(pickle.loads(pickle.dumps(bare(numeric(), kept))))


class TestForget:
    def test_is_seen_by_the_server_at_its_next_request(self, folder: Path, client: httpx.Client) -> None:
        for i in range(20):
            learn(client, i)
        client.post("/api/predict", json={"id": "late", "features": {"x": 1, "z": 2, "person": 7}})

        counted = done(folder, "forget", "mine", "--feature", "person=7", "--dry-run")
        reported = done(folder, "forget", "mine", "--feature", "person=7")

        assert counted == "'mine' has 1 record and 1 pending prediction.\n"
        assert reported.startswith(
            "'mine' has forgotten 1 record and 1 pending prediction.\n"
            "It was at learn 20, and goes on from learn 19 as generation 2.\nReceipt: "
        )
        assert served(client) == expected([i for i in range(20) if i != 7])
        late = client.post("/api/learn", json={"id": "late", "ground_truth": True})
        assert late.headers["Error-Code"] == "prediction_not_pending"
        learn(client, 20)
        assert served(client) == expected([i for i in range(21) if i != 7])
        assert done(folder, "verify_journal", "mine").startswith("mine: equal")

    def test_loses_nothing_that_is_learned_meanwhile(self, folder: Path, client: httpx.Client) -> None:
        for i in range(30):
            learn(client, i)
        taught, ends = list(range(30)), threading.Event()

        def go_on() -> None:
            while not ends.is_set():
                learn(client, len(taught))
                taught.append(len(taught))

        learner = threading.Thread(target=go_on)
        learner.start()
        try:
            for person in (3, 20, 29):
                done(folder, "forget", "mine", "--feature", f"person={person}")
        finally:
            ends.set()
            learner.join()

        assert len(taught) > 40
        assert served(client) == expected([i for i in taught if i not in {3, 20, 29}])

    def test_refuses_what_says_nothing(self, folder: Path, client: httpx.Client) -> None:
        refused = manage(folder, "forget", "mine", "--feature", "person")
        neither = manage(folder, "forget", "mine")
        unknown = manage(folder, "forget", "yours", "--id", "1")

        assert (refused.returncode, refused.stderr) == (1, "CommandError: --feature must be NAME=VALUE.\n")
        assert neither.returncode == 1
        assert "--id --feature" in neither.stderr
        assert "No model named 'yours'." in unknown.stderr
