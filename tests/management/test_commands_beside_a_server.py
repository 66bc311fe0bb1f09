"""The commands as processes of their own, beside a server that goes on."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.management.processes import Served, manage
from tests.services.instances import logistic


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def done(folder: Path, *arguments: str) -> str:
    ended = manage(folder, *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


class TestCommandsBesideAServer:
    def test_take_effect_at_its_next_request(
        self, folder: Path, client: httpx.Client, tmp_path: Path
    ) -> None:
        file = tmp_path / "model.pickle"
        file.write_bytes(pickle.dumps(logistic()))

        done(folder, "init", "binary", "--no-input")
        assert client.get("/api/init").json()["flavor"] == "binary"

        done(folder, "add_model", str(file), "--name", "mine")
        assert client.get("/api/models").json() == {"models": ["mine"], "default": "mine"}
        for i in range(20):
            features = {"x": i % 5, "z": i % 3}
            assert client.post("/api/predict", json={"id": i, "features": features}).status_code == 201
            answer = client.post("/api/learn", json={"id": i, "ground_truth": i % 2 == 0})
            assert answer.status_code == 201
        metrics = client.get("/api/metrics").json()

        (listed,) = json.loads(done(folder, "list_models", "--json"))
        assert listed["n_learns"] == 20
        assert listed["metrics"] == metrics

        # The server's model in memory is that of the snapshot, and learns on.
        assert done(folder, "snapshot_models") == "mine: snapshot at seq 20\n"
        answer = client.post("/api/learn", json={"features": {"x": 1, "z": 2}, "ground_truth": True})
        assert answer.status_code == 201
        assert done(folder, "verify_journal") == "mine: equal (learns 0 to 21, 1 snapshots compared)\n"

        exported = tmp_path / "exported.pickle"
        done(folder, "export_model", "mine", str(exported))
        assert pickle.loads(exported.read_bytes())["StandardScaler"].counts["x"] == 21

        client.post("/api/predict", json={"id": "late", "features": {"x": 1, "z": 2}})
        assert done(folder, "prune_predictions", "--older-than", "0s") == "Deleted 1 pending prediction.\n"
        assert client.post("/api/learn", json={"id": "late", "ground_truth": True}).status_code == 400

        done(folder, "delete_model", "mine")
        assert client.get("/api/models").json() == {"models": [], "default": None}
        assert client.post("/api/predict", json={"features": {"x": 1}}).status_code == 400

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["snapshot_models", "nobody"], "No snapshot of nobody: No model named 'nobody'."),
            (["export_model", "nobody", "out"], "No model named 'nobody'."),
            (["prune_predictions"], "the following arguments are required: --older-than"),
        ],
    )
    def test_refuse_in_one_line(self, folder: Path, arguments: list[str], line: str) -> None:
        ended = manage(folder, *arguments)

        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == f"CommandError: {line}\n"


class TestNewInstance:
    def test_is_asked_to_be_set_up(self, tmp_path: Path) -> None:
        ended = manage(tmp_path / "new", "list_models")

        assert ended.returncode == 1
        assert ended.stderr == (
            "CommandError: The database is not migrated: run `python manage.py setup` first.\n"
        )
