"""`roll_back` and `replay` as processes of their own, beside a server that goes on."""

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.management.processes import ROOT, Served, environment, manage
from tests.management.test_commands_beside_a_server import done
from tests.servers.databases import Database
from tests.servers.folds import state_of
from tests.servers.waiting import wait_until
from tests.services.instances import logistic


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.post("/api/init", json={"flavor": "binary"})
        client.post("/api/model/mine", content=pickle.dumps(logistic()))
        yield client


def learn(client: httpx.Client, n: int) -> None:
    for number in range(n):
        features = {"x": number % 5, "z": number % 3}
        answer = client.post("/api/learn", json={"features": features, "ground_truth": number % 2 == 0})
        assert answer.status_code == 201


def state(client: httpx.Client) -> tuple[str, Any, Any]:
    """Return the model as the server describes it."""
    model = pickle.loads(client.get("/api/model/mine").content)
    metrics = [
        client.get("/api/metrics", params={"model": "mine", "rolling": rolling}).json()
        for rolling in ("false", "true")
    ]
    return state_of(model), *metrics


class TestRollBack:
    def test_is_seen_by_the_server_at_its_next_request(self, folder: Path, client: httpx.Client) -> None:
        learn(client, 20)
        done(folder, "snapshot_models")
        then = state(client)
        learn(client, 15)
        later = state(client)
        client.post("/api/predict", json={"id": "late", "features": {"x": 1, "z": 2}})

        reported = done(folder, "roll_back", "mine", "--seq", "20")

        assert reported == (
            "'mine' is what it was at learn 20 of generation 1, and goes on as generation 2.\n"
            "Generation 1 ends at learn 35; to learn again what only it has: replay 'mine' --generation 1\n"
        )
        assert state(client) == then
        assert done(folder, "verify_journal") == "mine: equal (learns 20 to 20, 0 snapshots compared)\n"

        reported = done(folder, "replay", "mine", "--generation", "1", "--as-answered")

        assert "Learned again 15 records in " in reported
        assert "\nGeneration 1 is replayed up to learn 35.\nmine, learns 1 to 35: Accuracy " in reported
        assert state(client) == later
        assert client.post("/api/learn", json={"id": "late", "ground_truth": True}).status_code == 201
        assert done(folder, "verify_journal").startswith("mine: equal (learns 20 to 36, ")
        (listed,) = json.loads(done(folder, "list_models", "--json"))
        assert listed["n_learns"] == 36

    def test_lists_what_can_be_gone_back_to(self, folder: Path, client: httpx.Client) -> None:
        learn(client, 10)
        done(folder, "snapshot_models")
        done(folder, "roll_back", "mine", "--seq", "0")

        heading, *rows = [line.split() for line in done(folder, "roll_back", "mine").splitlines()]

        assert heading == ["GENERATION", "SEQ", "TAKEN", "SIZE", "METRICS"]
        assert [row[:2] for row in rows] == [["2", "0"], ["1", "10"], ["1", "0"]]
        assert "Accuracy" in rows[1]

    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["roll_back", "nobody"], "No model named 'nobody'."),
            (
                ["roll_back", "mine", "--seq", "7"],
                (
                    "'mine' has no snapshot at learn 7. If there was one, it was thinned out: the first "
                    "and the newest few are kept. The nearest now: 0."
                ),
            ),
            (
                ["roll_back", "mine", "--seq", "0", "--generation", "9"],
                "'mine' has no snapshot at learn 0 in generation 9.",
            ),
            (["roll_back", "mine", "--generation", "1"], "--generation needs --seq: which snapshot?"),
            (["roll_back", "mine", "--seq", "x"], "argument --seq: invalid int value: 'x'"),
            (["replay", "mine"], "the following arguments are required: --generation"),
            (["replay", "mine", "--generation", "1"], "Generation 1 of 'mine' is none before 1."),
        ],
    )
    def test_refuses_in_one_line(
        self, folder: Path, client: httpx.Client, arguments: list[str], line: str
    ) -> None:
        ended = manage(folder, *arguments)

        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == f"CommandError: {line}\n"


class TestReplay:
    def test_says_what_is_wrong_with_a_record(self, folder: Path, client: httpx.Client) -> None:
        learn(client, 5)
        done(folder, "roll_back", "mine", "--seq", "0")
        with Database(folder / "chantilly.sqlite3").connect() as connection:
            connection.execute(
                'UPDATE models_app_journalsegment SET learns = replace(learns, \'"x":2\', \'"x":"two"\')'
            )

        ended = manage(folder, "replay", "mine", "--generation", "1")

        assert ended.returncode == 1
        assert ended.stdout.endswith("Generation 1 is replayed up to learn 2.\n")
        assert ended.stderr.startswith("CommandError: Learn 3 of generation 1: TypeError(")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_goes_on_where_it_was_ended(
        self, folder: Path, client: httpx.Client, number: signal.Signals
    ) -> None:
        lines = b"".join(
            json.dumps({"features": {"x": n % 7, "z": n % 3}, "ground_truth": n % 2 == 0}).encode() + b"\n"
            for n in range(20_000)
        )
        client.post("/api/stream", content=lines, headers={"Content-Type": "application/x-ndjson"})
        before = state(client)
        done(folder, "roll_back", "mine", "--seq", "0")
        database = Database(folder / "chantilly.sqlite3")

        with subprocess.Popen(
            [sys.executable, "manage.py", "replay", "mine", "--generation", "1"],
            cwd=ROOT,
            env=environment(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            wait_until(lambda: database.seq("mine") > 0)
            process.send_signal(number)
            process.wait(60)
        ended_at = database.seq("mine")
        done(folder, "replay", "mine", "--generation", "1")

        assert 0 < ended_at < 20_000
        assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
        assert state(client) == before
