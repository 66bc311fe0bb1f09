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
from tests.servers.waiting import wait_until
from tests.services.instances import logistic
from tests.services.test_forgetting import numeric


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.post("/api/init", json={"flavor": "binary"})
        client.post("/api/model/mine", content=pickle.dumps(logistic()))
        yield client


def features_of(i: int) -> dict[str, float]:
    return {"x": float(i % 7), "z": float(i % 3), "person": i}


def learn(client: httpx.Client, i: int) -> None:
    answer = client.post("/api/learn", json={"features": features_of(i), "ground_truth": i % 2 == 0})
    assert answer.status_code == 201


def served(client: httpx.Client) -> str:
    return state_of(pickle.loads(client.get("/api/model/mine").content))


def expected(kept: list[int]) -> str:
    model = logistic()
    for i in kept:
        model.learn_one(features_of(i), i % 2 == 0)
    return state_of(model)


def held(folder: Path) -> str:
    """Return what the files of the database hold."""
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def replayed(client: httpx.Client, last_id: str) -> str:
    """Return what comes first to who comes back to the events with an id."""
    with client.stream("GET", "/api/stream/events", headers={"Last-Event-ID": last_id}) as answer:
        text = ""
        for chunk in answer.iter_text():
            text += chunk
            if "stream-reset" in text or len(text) > 5_000:
                break
        return text


def send(client: httpx.Client, i: int, name: str) -> None:
    """Predict something of somebody, and mostly learn it: enough of it to fill pages of the database."""
    prediction_id = f"{name}-{i}"
    features = {"x": float(i % 7), "z": 1.0, "name": name, "more": [name] * 30}
    assert client.post("/api/predict", json={"id": prediction_id, "features": features}).status_code == 201
    if i % 3:
        truth = {"id": prediction_id, "ground_truth": i % 2 == 0}
        assert client.post("/api/learn", json=truth).status_code == 201


class TestTraces:
    # First: the server still notices what others have it forget, and then forgets its events.
    def test_leaves_no_trace_in_files_and_memory(self, folder: Path, client: httpx.Client) -> None:
        marker = "marker-of-somebody"
        client.post("/api/model/mine", content=pickle.dumps(numeric()))
        for i in range(300):
            send(client, i, marker if i % 4 else "anybody")
        with client.stream("GET", "/api/stream/events") as events:
            for i in range(300, 400):
                send(client, i, marker if i % 4 else "anybody")
            first_id = next(line for line in events.iter_lines() if line.startswith("id:"))[3:].strip()
        assert marker in held(folder)
        assert marker in replayed(client, first_id)

        answer = client.post("/api/model/mine/forget", json={"feature": {"name": marker}})

        assert answer.json() | {"receipt": ""} == {
            "records": 200, "pending": 100, "receipt": "", "traces": False,
            "generation": 3, "seq": 66, "left_generation": 2, "left_seq": 266,
        }  # fmt: skip
        assert marker not in held(folder)
        wait_until(lambda: marker not in replayed(client, first_id))


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

    def test_by_the_api_only_counts_where_that_is_asked_for(self, client: httpx.Client) -> None:
        for i in range(3):
            learn(client, i)

        counted = client.post("/api/model/mine/forget?dry_run=true", json={"feature": {"person": 1}})

        assert counted.json() == {"records": 1, "pending": 0}
        assert served(client) == expected([0, 1, 2])
        audit = client.get("/api/audit", params={"action": "forget", "model": "mine"}).json()
        assert all(
            entry["details"]["n_records"] != 1 or entry["details"]["left_seq"] != 3
            for entry in audit["entries"]
        )

    def test_refuses_what_says_nothing(self, folder: Path, client: httpx.Client) -> None:
        refused = manage(folder, "forget", "mine", "--feature", "person")
        neither = manage(folder, "forget", "mine")
        unknown = manage(folder, "forget", "yours", "--id", "1")

        assert (refused.returncode, refused.stderr) == (1, "CommandError: --feature must be NAME=VALUE.\n")
        assert neither.returncode == 1
        assert "--id --feature" in neither.stderr
        assert "No model named 'yours'." in unknown.stderr
