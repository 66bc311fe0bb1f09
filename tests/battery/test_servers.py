"""Every estimator of the installed River, served: as a bare loop has it, before and after restarts."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.battery import bare, exceptions
from tests.servers.clients import Client
from tests.servers.launchers import ROOT, ForkServer, environment
from tests.servers.servers import Server

FLAVORS = ("regression", "binary")


@dataclass
class Outcome:
    """What came of one class: what River says of it, and what is not as it should be."""

    line: dict[str, Any]
    deviations: set[str] = field(default_factory=set)

    @property
    def is_for(self) -> bool:
        """Say whether River's own loop works with it."""
        return self.line["kind"] is not None


class Battery:
    """All models of a flavor on one server."""

    def __init__(self, server: Server, flavor: str, folder: Path) -> None:
        self._server = server
        self._flavor = flavor
        self.outcomes = {line["title"]: Outcome(line) for line in self._bare_lines(folder)}
        self._uploads = {title: (folder / f"{title}.pickle").read_bytes() for title in self.outcomes}

    def _bare_lines(self, folder: Path) -> list[dict[str, Any]]:
        variables = environment(self._server.instance) | {
            "PYTHONHASHSEED": (self._server.instance / "hash_seed").read_text().strip()
        }
        script = str(Path(bare.__file__))
        done = subprocess.run(
            [sys.executable, script, self._flavor, str(folder)],
            cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run(self) -> None:
        """Upload, learn, kill, learn, stop, verify."""
        with self._server.client() as client:
            client.init(self._flavor)
            for title in self.outcomes:
                self._upload(client, title)
            for title in self._served():
                self._learn_by_id(client, title)
                self._learn(client, title, bare.N_BY_ID, bare.N_BY_ID + bare.N_WHOLE)
            before = self._probe(client, "first")
        self._server.restart(clean=False)
        with self._server.client() as client:
            self._compare(before, self._probe(client, "first"), "differs after a crash")
            for title in self._served():
                self._learn(client, title, bare.N_BY_ID + bare.N_WHOLE, bare.N_RECORDS)
            before = self._probe(client, "second")
        self._server.restart(clean=True)
        with self._server.client() as client:
            self._compare(before, self._probe(client, "second"), "differs after a stop")
        self._verify()

    def _served(self) -> list[str]:
        return [
            title
            for title, outcome in self.outcomes.items()
            if outcome.is_for and not outcome.deviations & {"refused", "does not learn"}
        ]

    def _upload(self, client: Client, title: str) -> None:
        answer = client.request("POST", f"/api/model/{title}", self._uploads[title])
        outcome = self.outcomes[title]
        if answer.status == 201:
            if not outcome.is_for:
                outcome.deviations.add("taken")
        else:
            assert answer.code == "model_not_suitable", answer
            if outcome.is_for:
                outcome.deviations.add("refused")

    def _learn_by_id(self, client: Client, title: str) -> None:
        records = self._records(title)[: bare.N_BY_ID]
        predicted = []
        for i, (x, y) in enumerate(records):
            answer = client.predict(features=x, id=f"{title}-{i}", model=title)
            predicted.append(answer.json.get("prediction", answer.json))
            if client.learn(id=f"{title}-{i}", ground_truth=y).status != 201:
                self.outcomes[title].deviations.add("does not learn")
        if predicted != self.outcomes[title].line["by_id"]:
            self.outcomes[title].deviations.add("differs from River")

    def _learn(self, client: Client, title: str, start: int, end: int) -> None:
        records = self._records(title)[start:end]
        body = [{"features": x, "ground_truth": y, "model": title} for x, y in records]
        answer = client.request("POST", "/api/learn", json.dumps(body).encode())
        if answer.json != [{}] * len(body):
            self.outcomes[title].deviations.add("does not learn")

    def _records(self, title: str) -> Any:
        return bare.data_of(self.outcomes[title].line["kind"], self._flavor)[0]

    def _probe(self, client: Client, when: str) -> dict[str, Any]:
        """Return what each model predicts now, and compare it with River."""
        found = {}
        for title in self._served():
            line = self.outcomes[title].line
            probes = bare.data_of(line["kind"], self._flavor)[1]
            answers = [client.predict(features=x, model=title).json for x in probes]
            found[title] = [answer.get("prediction", answer) for answer in answers]
        self._compare(
            found, {title: self.outcomes[title].line[when] for title in found}, "differs from River"
        )
        return found

    def _compare(self, one: dict[str, Any], other: dict[str, Any], deviation: str) -> None:
        for title in one.keys() & other.keys():
            if one[title] != other[title]:
                self.outcomes[title].deviations.add(deviation)

    def _verify(self) -> None:
        done = self._server.manage("verify_journal")
        self.said = done.stdout + done.stderr
        verdicts = dict(re.findall(r"^(\S+): (equal|DIFFERENT)", done.stdout, re.MULTILINE))
        for title in self._served():
            if verdicts.get(title) != "equal":
                self.outcomes[title].deviations.add("not verified")


@pytest.fixture(scope="module", params=FLAVORS)
def battery(
    request: pytest.FixtureRequest,
    template: Path,
    forks: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Battery]:
    server = Server(template, tmp_path_factory.mktemp("battery"), forks, SNAPSHOT_MIN_SECONDS="0.05")
    server.may_complain = True
    server.start()
    battery = Battery(server, request.param, tmp_path_factory.mktemp("bare"))
    battery.run()
    yield battery
    server.close()


class TestEveryClass:
    def test_is_served_as_river_has_it(self, battery: Battery) -> None:
        found = {
            title: deviations
            for title, outcome in battery.outcomes.items()
            if title not in exceptions.EXCEPTIONS and (deviations := outcome.deviations - {"taken"})
        }

        assert found == {}, battery.said

    def test_is_served_where_it_works(self, battery: Battery) -> None:
        assert len([outcome for outcome in battery.outcomes.values() if outcome.is_for]) > 45
