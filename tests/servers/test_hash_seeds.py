"""Models whose answers depend on how strings are hashed: the same in every process of an instance."""

import json
import os
import pickle
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from river import compose, linear_model, naive_bayes, neighbors, preprocessing, tree

from tests.servers import bare_loops
from tests.servers.bare_loops import Step
from tests.servers.clients import Client
from tests.servers.launchers import ROOT, environment
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf")
METHODS = {"regression": "predict_one", "binary": "predict_proba_one", "multiclass": "predict_proba_one"}


@dataclass(frozen=True)
class Case:
    """A model, what it learns, and what it is asked then."""

    model: Any
    learns: Sequence[tuple[dict[str, Any], Any]]
    asked: Sequence[dict[str, Any]]


def numbers(n: int) -> list[dict[str, Any]]:
    rng = random.Random(3)
    return [{name: rng.gauss(i, 1 + i) for i, name in enumerate(NAMES)} for _ in range(n)]


def select() -> Any:
    return compose.Select(*NAMES)


def labelled() -> list[tuple[dict[str, Any], Any]]:
    return [(x, NAMES[i * 7 % 5]) for i, x in enumerate(numbers(200))]


#: By flavor and name.
CASES = {
    "regression": {
        # Sums of floats: their last bits depend on the order.
        "linear": Case(
            select() | preprocessing.StandardScaler() | linear_model.LinearRegression(),
            [(x, sum(x.values())) for x in numbers(200)],
            numbers(20),
        ),
    },
    "binary": {
        # Two features that say the same: which one is asked for depends on their order.
        "tree": Case(
            compose.Select("male", "female") | tree.HoeffdingTreeClassifier(),
            [({"male": i % 2, "female": 1 - i % 2, "n": i}, bool(i % 2)) for i in range(4000)],
            [{"male": i, "female": j} for i in (0, 1) for j in (0, 1)],
        ),
    },
    "multiclass": {
        # Labels come from a set.
        "neighbors": Case(neighbors.KNNClassifier(), labelled(), numbers(20)),
        "bayes": Case(select() | naive_bayes.GaussianNB(), labelled(), numbers(20)),
    },
}
LINEAR = CASES["regression"]["linear"]


def answers(client: Client, name: str, case: Case) -> str:
    """Return predictions as they are answered, in the order of their labels."""
    body = json.dumps([{"features": x, "model": name} for x in case.asked]).encode()
    answer = client.request("POST", "/api/predict", body, {"Content-Type": "application/json"})
    return json.dumps([each["prediction"] for each in answer.json])


def of_river_alone(server: Server, flavor: str, case: Case) -> str:
    """Return what the same loop without a server predicts, under the instance's seed."""
    steps: list[Step] = [*(("learn", x, y) for x, y in case.learns), *(("predict", x) for x in case.asked)]
    seed = bare_loops.seed_of(server.instance)
    predictions = bare_loops.loop(pickle.dumps(case.model), steps, seed=seed, method=METHODS[flavor])
    if flavor == "binary":
        predictions = [{"false": p.get(False, 0.0), "true": p.get(True, 0.0)} for p in predictions]
    return json.dumps(predictions)


def learn(client: Client, name: str, learns: Sequence[tuple[dict[str, Any], Any]]) -> None:
    body = json.dumps([{"features": x, "ground_truth": y, "model": name} for x, y in learns]).encode()
    answer = client.request("POST", "/api/learn", body, {"Content-Type": "application/json"})
    assert answer.json == [{}] * len(learns)


@pytest.fixture(scope="module")
def server(own_server: Server) -> Server:
    return own_server


class TestModels:
    @pytest.mark.parametrize("flavor", CASES)
    def test_answer_alike_after_each_kind_of_restart_and_as_river_alone(
        self, server: Server, flavor: str
    ) -> None:
        with server.client() as client:
            client.init(flavor)
            for name, case in CASES[flavor].items():
                client.upload(case.model, name)
                learn(client, name, case.learns)
            reported = {name: answers(client, name, case) for name, case in CASES[flavor].items()}

        for clean in (False, False, True):
            server.restart(clean=clean)
            with server.client() as client:
                after = {name: answers(client, name, case) for name, case in CASES[flavor].items()}
            assert after == reported

        assert reported == {
            name: of_river_alone(server, flavor, case) for name, case in CASES[flavor].items()
        }
        verified = server.manage("verify_journal")
        assert verified.returncode == 0, verified.stdout

    def test_are_verified_alike_once_there_are_snapshots_on_the_way(self, server: Server) -> None:
        with server.client() as client:
            client.init("regression")
            client.upload(LINEAR.model, "model")
            for start in (0, 100):
                learn(client, "model", LINEAR.learns[start : start + 100])
                assert server.manage("snapshot_models").returncode == 0

        verified = server.manage("verify_journal")

        assert verified.stdout == "model: equal (learns 0 to 200, 2 snapshots compared)\n"

    def test_learn_alike_from_a_file_beside_the_server(self, server: Server, tmp_path: Path) -> None:
        file = tmp_path / "history.ndjson"
        records = [json.dumps({"features": x, "ground_truth": y}) for x, y in LINEAR.learns]
        file.write_text("\n".join(records))
        with server.client() as client:
            client.init("regression")
            client.upload(LINEAR.model, "model")

            assert server.manage("learn", str(file), "--model", "model").returncode == 0

            assert answers(client, "model", LINEAR) == of_river_alone(server, "regression", LINEAR)


class TestEveryProcess:
    def test_of_an_instance_hashes_alike_and_says_nothing_of_it(self, server: Server) -> None:
        with server.client() as client:
            assert client.get("/readyz").json == {"status": "ready"}

        for arguments in (["list_models"], ["check"]):
            done = server.manage(*arguments)
            assert "hash" not in done.stdout + done.stderr

        script = "from models_app.services.seeding import hash_seed_warning; print(hash_seed_warning())"
        assert server.manage("shell", "-v", "0", "-c", script).stdout == "None\n"

    def test_of_the_development_server_too(self, template: Path, tmp_path: Path) -> None:
        # Its parent watches the files, its child serves.
        with served_by(template, tmp_path, "manage.py", "runserver") as (client, log):
            assert client.get("/readyz").json == {"status": "ready"}
            assert "hashes strings" not in log.read_text()


class TestAnotherServer:
    APPLICATION = ("-m", "uvicorn", "chantilly_project.asgi:application", "--port")

    def test_says_that_it_hashes_otherwise(self, template: Path, tmp_path: Path) -> None:
        started = served_by(template, tmp_path, *self.APPLICATION)

        with started as (client, log):
            answer = client.get("/readyz")

            assert answer.status == 200
            assert answer.json["status"] == "ready"
            (warning,) = answer.json["warnings"]
            assert "PYTHONHASHSEED" in warning
            assert bare_loops.seed_of(template) not in warning
            assert f"WARNING models_app.services.runtime: {warning}" in log.read_text()

    def test_says_nothing_where_it_was_started_under_the_seed(self, template: Path, tmp_path: Path) -> None:
        seed = bare_loops.seed_of(template)
        started = served_by(template, tmp_path, *self.APPLICATION, PYTHONHASHSEED=seed)

        with started as (client, log):
            assert client.get("/readyz").json == {"status": "ready"}
            assert "hashes strings" not in log.read_text()

    @pytest.mark.parametrize(
        ("command", "said"), [("check", "models_app.W001"), ("list_models", "Warning: This process hashes")]
    )
    def test_is_warned_of_by_commands_that_django_starts_itself(
        self, server: Server, command: str, said: str
    ) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "django", command],
            cwd=ROOT,
            env=environment(server.instance, DJANGO_SETTINGS_MODULE="chantilly_project.settings"),
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0
        assert said in done.stderr


@contextmanager
def served_by(template: Path, folder: Path, *command: str, **settings: str) -> Iterator[tuple[Client, Path]]:
    """Serve a copy of an instance with another command, whose last argument is to be the port."""
    instance, log = folder / "instance", folder / "log"
    shutil.copytree(template, instance)
    with socket.create_server(("127.0.0.1", 0)) as drawn:
        port = drawn.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, str(port)],
            cwd=ROOT,
            env=environment(instance, **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        with Client(port) as client, suppress(OSError):
            return client.get("/healthz").status == 200
        return False

    try:
        wait_until(answers)
        with Client(port) as client:
            yield client, log
    finally:
        # With the children.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
