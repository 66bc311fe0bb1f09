"""Every estimator of the installed River, served: as a bare loop has it, before and after restarts."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms import trials
from tests.battery import bare, exceptions
from tests.refusals import asking
from tests.servers.clients import Client
from tests.servers.launchers import ROOT, environment
from tests.servers.servers import Server


@dataclass
class Outcome:
    """The outcome of one class: what River says of it, and what is not as it should be."""

    line: dict[str, Any]
    deviations: set[str] = field(default_factory=set)
    #: Why it was not taken; empty where it was.
    refusal: str = ""

    @property
    def is_for(self) -> bool:
        """Say whether River's own loop works with it."""
        return self.line["kind"] is not None


class Battery:
    """All models of a flavor on one server."""

    def __init__(self, server: Server, flavor: str, folder: Path) -> None:
        self._server = server
        self.flavor = flavor
        self.outcomes = {line["title"]: Outcome(line) for line in self._bare_lines(folder)}
        self._uploads = {title: (folder / f"{title}.pickle").read_bytes() for title in self.outcomes}

    def _bare_lines(self, folder: Path) -> list[dict[str, Any]]:
        variables = environment(self._server.instance) | {
            "PYTHONHASHSEED": (self._server.instance / "hash_seed").read_text().strip()
        }
        script = str(Path(bare.__file__))
        done = subprocess.run(
            [sys.executable, script, self.flavor, str(folder)],
            cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run(self) -> None:
        """Upload, learn, kill, learn, stop, verify."""
        with self._server.client() as client:
            client.init(self.flavor)
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
        outcome = self.outcomes[title]
        if not outcome.is_for:
            self._try(title)
        elif client.request("POST", f"/api/model/{title}", self._uploads[title]).status != 201:
            outcome.deviations.add("refused")

    def _try(self, title: str) -> None:
        """Do what an upload does, here: a process for each is what takes long."""
        try:
            trials.run(self._uploads[title], self.flavor, lambda stage, method: None)
        except ModelNotSuitable as refusal:
            self.outcomes[title].refusal = str(refusal.message)
        else:
            self.outcomes[title].deviations.add("taken")

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
        return self._data(title)[0]

    def _data(self, title: str) -> tuple[list[Any], list[Any]]:
        line = self.outcomes[title].line
        return bare.data_of(line["kind"], line["truths"])

    def _probe(self, client: Client, when: str) -> dict[str, Any]:
        """Return what each model predicts now, and compare it with River."""
        found = {}
        for title in self._served():
            answers = [client.predict(features=x, model=title).json for x in self._data(title)[1]]
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


class EveryClass:
    """The tests of a flavor."""

    def test_is_served_as_river_has_it_but_for_the_exceptions(self, battery: Battery) -> None:
        found = {
            title: outcome.deviations for title, outcome in battery.outcomes.items() if outcome.deviations
        }

        assert found == exceptions.deviations(battery.flavor), battery.said

    def test_is_refused_with_the_reason_where_no_record_fits(self, battery: Battery) -> None:
        said = {title: outcome.refusal for title, outcome in battery.outcomes.items() if outcome.refusal}
        expected = exceptions.refused(battery.flavor)

        assert said.keys() == expected.keys()
        assert list(map(asking, said.values()))
        assert {
            title: said[title] for title, reported in expected.items() if reported not in said[title]
        } == {}
