"""Every public class of River, served under the flavor that `auto` takes: as a bare loop has it, or why not.

What is found stands in the documents; it is written by
`WRITE_TABLES=1 python -m pytest -m soak tests/battery/test_every.py`.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from river import __version__

from models_app.paradigms.base import FEATURES, Paradigm
from tests.battery import every, river_table
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.launchers import ROOT, environment
from tests.servers.servers import Server

#: Records of each class: a third before a kill, a third before a stop, a third after it.
N_LONG, N_SHORT = 300, 12
_SECONDS = 1500


class Every:
    """All classes on one server."""

    def __init__(self, server: Server, folder: Path, n: int, *, but: tuple[str, ...] = ()) -> None:
        """`but`: flavors whose classes are left out."""
        self._server = server
        self._n = n
        self.lines = {line["title"]: line for line in _bare(server, folder, n, but)}
        self._uploads = {path.stem: path.read_bytes() for path in folder.glob("*.pickle")}
        self.deviations: dict[str, set[str]] = defaultdict(set)
        self.said = ""

    def run(self) -> None:
        """Upload, learn, kill, learn, stop, learn, verify."""
        served = [title for title, line in self.lines.items() if line["data"] is not None]
        with self._server.client() as client:
            for title in served:
                self._upload(client, title)
        for piece, is_clean in enumerate((False, True, None)):
            with self._server.client() as client:
                for title in served:
                    self._learn(client, title, piece)
            if is_clean is not None:
                self._server.restart(clean=is_clean)
        self._verify(served)

    def cells(self) -> dict[str, str]:
        """Return what the table says of each class."""
        return {
            title: river_table.cell(title, deviations=self.deviations[title], refusal=line["refusal"])
            for title, line in self.lines.items()
        }

    def _upload(self, client: Client, title: str) -> None:
        answer = client.request("POST", f"/api/model/{title}?flavor=auto", self._uploads[title])
        if (answer.status, answer.json.get("flavor")) != (201, self.lines[title]["flavor"]):
            self.deviations[title].add("refused")

    def _learn(self, client: Client, title: str, piece: int) -> None:
        line = self.lines[title]
        flavor = every.serving(self._uploads[title], line)
        size = self._n // 3
        start, end = piece * size, (piece + 1) * size
        records = next(islice(every.data(flavor, self._n), line["data"], None))()[start:end]
        asked: list[dict[str, Any]] = []
        for number, record in enumerate(records, start):
            asked += _asked(flavor, title, number, *record)
        body = "".join(json.dumps(record) + "\n" for record in asked).encode()
        answer = client.request("POST", "/api/stream", body, {"Content-Type": "application/x-ndjson"})
        answers = [json.loads(text) for text in answer.body.splitlines()]
        if [found.get("prediction", found) for found in answers[::2]] != line["answers"][start:end]:
            self.deviations[title].add("differs from River")
        if any("error" in found for found in answers[1::2]):
            self.deviations[title].add("does not learn")

    def _verify(self, served: list[str]) -> None:
        self.said = self._server.manage("verify_journal").stdout
        verdicts = dict(re.findall(r"^(\S+): (equal|DIFFERENT)", self.said, re.MULTILINE))
        for title in served:
            if verdicts.get(title) != "equal":
                self.deviations[title].add("not verified")


def _asked(flavor: Paradigm, title: str, number: int, x: Any, y: Any) -> list[dict[str, Any]]:
    """Return the requests of a record: to predict, and to learn by the id, where the flavor has ids."""
    members = x if flavor.takes else {FEATURES: x}
    truth = {} if y is None else {"ground_truth": y}
    has_ids = not flavor.records_predictions or flavor.keeps_recorded
    named = {"id": f"{title} {number}"} if has_ids else {}
    learned = named or {name: value for name, value in members.items() if name == FEATURES}
    return [
        {"op": "predict", "model": title, **named, **members},
        {"op": "learn", "model": title, **learned, **truth},
    ]


def _bare(server: Server, folder: Path, n: int, but: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    seed = (server.instance / "hash_seed").read_text().strip()
    done = subprocess.run(
        [sys.executable, "-m", "tests.battery.every", str(folder), str(n), *but],
        cwd=ROOT, env=environment(server.instance, PYTHONHASHSEED=seed),
        capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return map(json.loads, done.stdout.splitlines())


def expected(titles: Iterator[str]) -> dict[str, str]:
    """Return what the documents say of classes."""
    rows = river_table.committed()
    return {title: rows[title][1] for title in titles if title in rows}


class TestTable:
    def test_has_the_flavors_that_the_code_takes(self) -> None:
        if not __version__.startswith("0.26."):
            pytest.skip("the table is of River 0.26")
        assert {title: flavor for title, (flavor, _) in river_table.committed().items()} == (
            river_table.flavors()
        ), river_table.WRITTEN_BY

    def test_says_what_it_comes_to(self) -> None:
        cells = {title: exact for title, (_, exact) in river_table.committed().items()}

        has_it = river_table.render(cells) in river_table.PAGE.read_text(encoding="utf-8")
        assert has_it, river_table.WRITTEN_BY

    def test_has_a_reason_for_each_exception(self) -> None:
        for title, (flavor, exact) in river_table.committed().items():
            assert exact == river_table.EXACT or exact.startswith(("no: ", "not served: ")), title
            assert flavor != "-" or exact.startswith("not served: "), title


class TestEveryClass:
    def test_is_as_the_table_says_in_few_records(self, start: Start, tmp_path: Path) -> None:
        # The classes of the others are in the modules of their flavors.
        server = start(SNAPSHOT_MIN_SECONDS="0.05")
        battery = Every(server, tmp_path, N_SHORT, but=(*every.LIFELIKE, ""))
        server.may_complain = True
        battery.run()

        assert battery.lines
        assert battery.cells() == expected(iter(battery.lines)), battery.said

    @pytest.mark.soak
    @pytest.mark.timeout(2 * _SECONDS)
    def test_is_as_the_table_says(self, start: Start, tmp_path: Path) -> None:
        server = start(SNAPSHOT_MIN_SECONDS="0.05")
        server.may_complain = True
        battery = Every(server, tmp_path, N_LONG)
        battery.run()

        if os.environ.get("WRITE_TABLES"):
            river_table.write(battery.cells())
        assert battery.cells() == expected(iter(battery.lines)), battery.said
