"""Turns of several processes at one model."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from django.db import connection

from models_app.models.storage.sqlite.gates import Gates

pytestmark = pytest.mark.sqlite

_OTHER = """
import sys, django

django.setup()
from models_app.models.storage.sqlite import gates

file, (place, gate) = gates._open(gates.Path(sys.argv[1])), gates._numbers("model")
for line in sys.stdin:
    word = line.strip()
    if word == "enter":
        taken = gates._lock(file, place, 1e12) and gates._lock(file, gate, 1e12)
        gates._unlock(file, place)
    elif word == "queue":
        taken = gates._lock(file, place, 1e12)
    else:
        gates._unlock(file, gate)
        gates._unlock(file, place)
    print(word, flush=True)
"""


class Other:
    """Another process, which enters and leaves the gate as it is asked to."""

    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _OTHER, str(file)],
            env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, word: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == f"{word}\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def gates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gates:
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "database"))
    return Gates()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    with Other(tmp_path / "database-turns") as other:
        yield other


class TestGates:
    def test_are_open_where_nobody_is(self, gates: Gates, tmp_path: Path) -> None:
        assert gates.enter("model", 0.0)
        gates.leave("model")
        assert gates.enter("model", 0.0)
        assert (tmp_path / "database-turns").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("word", ["enter", "queue"])
    def test_keep_out_who_does_not_wait_long_enough(self, gates: Gates, other: Other, word: str) -> None:
        other.do(word)

        assert not gates.enter("model", 0.01)
        assert gates.enter("another", 0.01)
        other.do("leave")
        assert gates.enter("model", 30.0)

    @pytest.mark.parametrize("ends", [lambda other: other.do("leave"), lambda other: other.kill()])
    def test_let_in_who_waits(self, gates: Gates, other: Other, ends: Callable[[Other], None]) -> None:
        other.do("enter")
        entered: list[bool] = []
        waiting = threading.Thread(target=lambda: entered.append(gates.enter("model", 60.0)))
        waiting.start()

        ends(other)

        waiting.join(timeout=30)
        assert entered == [True]

    def test_are_not_where_the_database_is_no_file(
        self, gates: Gates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "missing" / "database"))

        assert not gates.enter("model", 0.0)
        gates.leave("model")
