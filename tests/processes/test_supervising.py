import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest

from models_app.processes.children import Child
from models_app.processes.roles import Place, Role
from models_app.processes.table import Stage, Table
from tests.servers.waiting import wait_until

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 30
NAMES = ("shard-0", "shard-1", "web-0")


class Tree:
    """A parent with two shards and a web process, see `trees`."""

    def __init__(self, folder: Path, stop_seconds: float) -> None:
        self._out = folder / "out"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.processes.trees", str(folder), str(stop_seconds)],
                cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> list[str]:
        return self._out.read_text().splitlines()

    def wait_for(self, begin: str, n: int = 1) -> list[str]:
        """Return the words of the n-th line that begins so, without that."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = [line for line in self.said if line.startswith(begin)]
            if len(found) >= n:
                return found[n - 1].removeprefix(begin).split()
            time.sleep(0.01)
        raise AssertionError(self.said)

    def pid_of(self, name: str, n: int = 1) -> int:
        return int(self.wait_for(f"{name} ", n)[0])

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(WAIT_SECONDS)


@pytest.fixture
def grow(tmp_path: Path) -> Iterator[Callable[..., Tree]]:
    trees: list[Tree] = []

    def grow(stop_seconds: float = 5.0, **how: str) -> Tree:
        """Start one in which processes do as they are told, and wait until it is ready."""
        for name, told in how.items():
            (tmp_path / name.replace("_", "-")).write_text(told)
        trees.append(Tree(tmp_path, stop_seconds))
        if "cannot start" not in how.values():
            trees[-1].wait_for("ready")
        return trees[-1]

    yield grow
    for tree in trees:
        if tree.process.poll() is None:
            tree.process.kill()
            tree.process.wait()


Grow = Callable[..., Tree]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestOrder:
    def test_of_the_start_is_by_role_and_of_the_stop_the_opposite(self, grow: Grow) -> None:
        tree = grow()
        code = tree.stop()

        said = [line.rsplit(maxsplit=1)[0] for line in tree.said]
        assert code == 0, tree.said
        assert set(said[:2]) == {"shard-0", "shard-1"}
        assert said[2:5] == ["web-0", "ready", "web-0 stopped"]
        assert set(said[5:7]) == {"shard-0 stopped", "shard-1 stopped"}

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
    def test_of_the_stop_is_kept_where_a_terminal_ends_all(self, grow: Grow, number: int) -> None:
        tree = grow()
        os.killpg(tree.process.pid, number)

        assert tree.process.wait(WAIT_SECONDS) == 0, tree.said
        assert next(line for line in tree.said if "stopped" in line).startswith("web-0")

    def test_of_the_stop_leaves_each_the_time_that_is_left(self, grow: Grow) -> None:
        tree = grow(stop_seconds=7.0)
        tree.stop()

        assert tree.wait_for("web-0 stopped") == ["7"]


class TestDeaths:
    def test_of_a_child_have_it_started_again_and_no_other(self, grow: Grow) -> None:
        tree = grow()
        pids = [tree.pid_of(name) for name in NAMES]
        os.kill(pids[1], signal.SIGSEGV)
        again = tree.pid_of("shard-1", 2)

        assert [lives(pid) for pid in (*pids, again)] == [True, False, True, True]
        assert " ".join(tree.wait_for("parent: ")) == "1 was killed by SIGSEGV own"
        assert tree.stop() == 0
        assert tree.wait_for("states") == ["shard-0:0", "shard-1:1", "web-0:0"]

    def test_leave_no_zombies(self, grow: Grow) -> None:
        tree = grow()
        pid = tree.pid_of("web-0")
        os.kill(pid, signal.SIGKILL)
        tree.pid_of("web-0", 2)

        assert not Path(f"/proc/{pid}").exists()

    def test_by_somebody_else_are_not_its_own_doing(self, grow: Grow) -> None:
        tree = grow()
        os.kill(tree.pid_of("shard-0"), signal.SIGKILL)

        assert " ".join(tree.wait_for("parent: ")) == "0 was killed by SIGKILL other"

    def test_at_once_are_followed_by_longer_and_longer_pauses(self, grow: Grow) -> None:
        tree = grow(shard_0="ends at once")
        tree.pid_of("shard-0", 5)

        said = [line for line in tree.said if line.startswith("shard 0 (process")]
        assert all("ended with exit code 4" in line for line in said)
        assert [line.rpartition(" in ")[2] for line in said[:4]] == ["0.1 s", "0.2 s", "0.4 s", "0.8 s"]

    def test_of_who_cannot_start_end_all(self, grow: Grow) -> None:
        tree = grow(web_0="cannot start")

        assert tree.process.wait(WAIT_SECONDS) == 1
        assert "web 0 ended with exit code 3 before it was ready: the server cannot start" in tree.said
        assert not any(lives(tree.pid_of(name)) for name in ("shard-0", "shard-1"))

    def test_of_the_parent_stop_the_children(self, grow: Grow) -> None:
        tree = grow()
        pids = [tree.pid_of(name) for name in NAMES]
        tree.process.kill()
        tree.process.wait()

        for pid in pids:
            wait_until_gone(pid)
        assert len([line for line in tree.said if line.endswith(" stopped 99")]) == 3


class TestSilence:
    def test_ends_a_child(self, grow: Grow) -> None:
        tree = grow()
        pid = tree.pid_of("shard-1")
        os.kill(pid, signal.SIGSTOP)
        tree.pid_of("shard-1", 2)

        assert " ".join(tree.wait_for("parent: ")) == "1 gave no sign of life and was killed by SIGKILL own"
        assert not lives(pid)


class TestStop:
    def test_kills_who_does_not_end_in_time_and_says_so(self, grow: Grow) -> None:
        tree = grow(stop_seconds=1.0, shard_1="does not end")

        assert tree.stop() == 1
        assert any("did not stop in time and is killed" in line for line in tree.said)
        assert not lives(tree.pid_of("shard-1"))

    def test_that_is_asked_for_twice_leaves_no_more_than_a_moment(self, grow: Grow) -> None:
        tree = grow(stop_seconds=60.0, web_0="does not end")
        tree.process.terminate()
        time.sleep(0.1)
        tree.process.send_signal(signal.SIGINT)
        tree.process.wait(WAIT_SECONDS)

        assert tree.wait_for("shard-0 stopped")[0] in ("0", "1")


def test_a_child_that_is_up_at_once_is_not_taken_for_one_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(place: Place) -> None:
        place.be_ready()
        time.sleep(WAIT_SECONDS)

    table = Table([("web", 0)])
    child = Child(Role(name="web", n=1, run=run, silent_seconds=WAIT_SECONDS, ended=lambda *_: ""), 0, table)
    start = ForkProcess.start

    def start_slowly(process: ForkProcess) -> None:
        start(process)
        wait_until(lambda: table.rows["web", 0].stage is Stage.UP)

    monkeypatch.setattr(ForkProcess, "start", start_slowly)
    child.start()
    child.note_stage()
    pid = child.pid
    child.signal(signal.SIGKILL)
    wait_until(lambda: child.ended() is not None)

    assert child.was_ever_up
    assert table.states()[0].pid == pid
