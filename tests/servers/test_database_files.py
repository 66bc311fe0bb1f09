"""The database's files: one server's, this user's only, and where they were opened."""

import shutil
from pathlib import Path

import pytest
from river import dummy, stats

from tests.servers.conftest import Start
from tests.servers.launchers import ForkServer
from tests.servers.servers import Server
from tests.servers.waiting import wait_until

FILES = ("chantilly.sqlite3", "chantilly.sqlite3-wal", "chantilly.sqlite3-shm")


def mean() -> object:
    return dummy.StatisticRegressor(stats.Mean())


@pytest.fixture
def own(start: Start, forks: ForkServer) -> Server:
    """A server whose files can be spoiled, with a model."""
    server = start(launcher=forks)
    with server.client() as client:
        client.init("regression")
        client.upload(mean(), "mean")
        assert client.learn(features={"a": 1}, ground_truth=1).status == 201
    return server


def move(instance: Path, names: tuple[str, ...], to: Path) -> None:
    to.mkdir(exist_ok=True)
    for name in names:
        (instance / name).rename(to / name)


class TestMoved:
    @pytest.mark.parametrize("names", [FILES, FILES[:1]], ids=["all", "one"])
    def test_away_it_takes_nothing_and_goes_on_when_they_are_back(
        self, own: Server, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        move(own.instance, names, tmp_path / "away")
        with own.client() as client:
            refused = client.learn(features={"a": 1}, ground_truth=2)
            ready = client.get("/readyz")
            kept = client.predict(features={"a": 1}, id="kept")
            read = client.get("/api/models")

            assert [answer.status for answer in (refused, ready, kept, read)] == [503] * 4
            assert "was moved away or replaced" in ready.message
            assert not (own.instance / FILES[0]).exists()

            for name in names:
                (tmp_path / "away" / name).rename(own.instance / name)
            wait_until(lambda: client.get("/readyz").status == 200)
            assert client.learn(features={"a": 1}, ground_truth=3).status == 201
            own.restart(clean=False)

        assert [learn.y_true() for learn in own.database.learns("mean")][-1] == 3
        with own.client() as client:
            assert client.get("/readyz").status == 200

    def test_under_load_it_acknowledges_nothing_that_is_not_in_them(
        self, own: Server, tmp_path: Path
    ) -> None:
        acknowledged = []
        with own.client() as client:
            for i in range(200):
                if i == 100:
                    move(own.instance, FILES, tmp_path / "away")
                if client.learn(features={"a": 1}, ground_truth=i).status == 201:
                    acknowledged.append(i)
        own.kill()

        assert acknowledged == [*range(100)]

    def test_replaced_it_takes_nothing(self, own: Server, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        shutil.copy(own.instance / FILES[0], copy)
        copy.replace(own.instance / FILES[0])

        with own.client() as client:
            assert client.learn(features={"a": 1}, ground_truth=2).status == 503
            assert client.get("/readyz").status == 503

    def test_without_its_log_it_takes_nothing_until_it_is_started_again(self, own: Server) -> None:
        (own.instance / FILES[1]).unlink()

        with own.client() as client:
            refused = client.learn(features={"a": 1}, ground_truth=2)

            assert refused.status == 503
            assert "-wal was deleted or replaced: restart the server" in refused.message
            assert client.get("/readyz").status == 503

    def test_is_noticed_where_nothing_is_written(self, own: Server, tmp_path: Path) -> None:
        move(own.instance, FILES, tmp_path / "away")

        with own.client() as client:
            wait_until(lambda: client.predict(features={"a": 1}).status == 503)


class TestOneServer:
    def test_refuses_a_second_through_a_link_to_the_database(self, own: Server, tmp_path: Path) -> None:
        link = tmp_path / "link.sqlite3"
        link.symlink_to(own.instance / FILES[0])
        other = Server(own.instance, tmp_path, DATABASE_URL=f"sqlite:///{link}")

        ended = other.manage("serve", "--port", "0")

        assert ended.returncode == 1
        assert f"by process {own.pid} (" in ended.stderr

    def test_is_freed_by_a_crash_even_while_a_forked_child_lives(self, own: Server) -> None:
        own.restart(clean=False)
        own.restart(clean=True)

        with own.client() as client:
            assert client.get("/readyz").status == 200


class TestModes:
    def test_are_this_users_only_also_those_of_before(self, own: Server) -> None:
        own.kill()
        for name in FILES:
            (own.instance / name).chmod(0o644)

        own.start()

        with own.client() as client:
            assert client.learn(features={"a": 1}, ground_truth=2).status == 201
        modes = {path.name: path.stat().st_mode & 0o777 for path in own.instance.iterdir()}
        assert set(modes.values()) == {0o600}, modes
