"""`backup` and `restore` as processes of their own, beside a server that goes on."""

import io
import json
import pickle
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.management.processes import Served, manage, served
from tests.management.test_commands_beside_a_server import done
from tests.servers.folds import state_of
from tests.servers.launchers import make_instance
from tests.services.instances import logistic


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def backed_up(folder: Path, server: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a model with a prediction that is pending."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.post("/api/init", json={"flavor": "binary"})
        client.post("/api/model/mine", content=pickle.dumps(logistic()))
        for i in range(20):
            learn(client, i)
        client.post("/api/predict", json={"id": "late", "features": {"x": 1, "z": 2}})
    file = tmp_path_factory.mktemp("backups") / "first.tar"
    done(folder, "backup", str(file))
    return file


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """An instance that nobody has set up."""
    return make_instance(tmp_path / "another")


def learn(client: httpx.Client, i: int) -> None:
    features = {"x": i % 5, "z": i % 3}
    answer = client.post("/api/learn", json={"features": features, "ground_truth": i % 2 == 0})
    assert answer.status_code == 201


def written_down(client: httpx.Client, action: str) -> list[dict[str, object]]:
    """Return the details of what the audit trail has of an action."""
    entries = client.get("/api/audit").json()["entries"]
    return [entry["details"] for entry in entries if entry["action"] == action]


def refused(instance: Path, file: Path) -> str:
    """Return why a file is not restored, which changes nothing."""
    ended = manage(instance, "restore", str(file))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert not list(instance.glob("chantilly.sqlite3*"))
    assert not list(instance.glob(".restore*"))
    return ended.stderr


class TestBackup:
    def test_is_served_as_it_was(self, backed_up: Path, client: httpx.Client, another: Path) -> None:
        reported = done(another, "restore", str(backed_up))

        assert "Restored." in reported
        assert reported.count("What was there before") == len(list(another.glob("*.before-restore")))
        with served(another) as running, httpx.Client(base_url=running.url, timeout=30) as there:
            metrics = there.get("/api/metrics").json()
            assert metrics == client.get("/api/metrics").json()
            states = [state_of(pickle.loads(each.get("/api/model/mine").content)) for each in (there, client)]
            assert states[0] == states[1]
            assert there.post("/api/learn", json={"id": "late", "ground_truth": True}).status_code == 201
            entries = there.get("/api/audit").json()["entries"]
            assert {"file": "first.tar"} in [
                each["details"] for each in entries if each["action"] == "restore"
            ]
        assert done(another, "verify_journal").startswith("mine: equal (learns 0 to 21")

    def test_has_what_was_acknowledged_before_and_loses_no_learn(
        self, folder: Path, client: httpx.Client, backed_up: Path, another: Path, tmp_path: Path
    ) -> None:
        answered: list[int] = []
        ends = threading.Event()

        def go_on() -> None:
            while not ends.is_set():
                learn(client, len(answered))
                answered.append(len(answered))

        learner = threading.Thread(target=go_on)
        learner.start()
        try:
            n_before = len(answered)
            done(folder, "backup", str(tmp_path / "beside.tar"))
            n_after = len(answered)
        finally:
            ends.set()
            learner.join()
        done(another, "restore", str(tmp_path / "beside.tar"))

        (listed,) = json.loads(done(another, "list_models", "--json"))
        assert 20 + n_before <= listed["n_learns"] <= 20 + n_after + 1
        assert done(another, "verify_journal").startswith("mine: equal")

    def test_can_be_read_by_its_maker_only_and_takes_no_other_place(
        self, folder: Path, backed_up: Path
    ) -> None:
        before = backed_up.read_bytes()

        ended = manage(folder, "backup", str(backed_up))

        assert stat.S_IMODE(backed_up.stat().st_mode) == 0o600
        assert (ended.returncode, backed_up.read_bytes()) == (1, before)
        assert ended.stderr == f"CommandError: file: {backed_up} is there already\n"
        assert list(backed_up.parent.iterdir()) == [backed_up]

    def test_is_written_down(self, backed_up: Path, client: httpx.Client) -> None:
        assert {"file": "first.tar"} in written_down(client, "backup")

    def test_says_that_a_key_that_is_set_elsewhere_is_not_in_it(self, folder: Path, tmp_path: Path) -> None:
        key = (folder / "secret_key").read_text().strip()

        same = manage(folder, "backup", str(tmp_path / "same.tar"), SECRET_KEY=key)
        other = manage(folder, "backup", str(tmp_path / "other.tar"), SECRET_KEY="k" * 60)

        assert (same.returncode, same.stderr) == (0, "")
        assert other.stderr.startswith("Not in it: SECRET_KEY, which is set elsewhere")


class TestRestore:
    def test_keeps_what_was_there_under_another_name(self, backed_up: Path, another: Path) -> None:
        key = "another-" * 8
        (another / "secret_key").write_text(f"{key}\n")

        done(another, "restore", str(backed_up))

        assert (another / "secret_key.before-restore").read_text() == f"{key}\n"
        assert stat.S_IMODE((another / "secret_key").stat().st_mode) == 0o600

    def test_does_not_touch_a_database(self, folder: Path, backed_up: Path, client: httpx.Client) -> None:
        ended = manage(folder, "restore", str(backed_up))

        assert ended.returncode == 1
        assert f"There is {folder}/chantilly.sqlite3 already: restore into another" in ended.stderr
        assert client.get("/readyz").status_code == 200

    def test_refuses_what_is_not_whole(self, backed_up: Path, another: Path, tmp_path: Path) -> None:
        whole = backed_up.read_bytes()
        place = len(whole) // 2
        for data, reason in (
            (b"", "is no whole backup"),
            (b"nothing" * 1000, "is no whole backup"),
            (whole[:place], "is no whole backup"),
            (whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], "is not what was written"),
        ):
            file = tmp_path / "damaged.tar"
            file.write_bytes(data)
            assert reason in refused(another, file)

    @pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "manage.py"])
    def test_writes_to_no_other_place(self, another: Path, tmp_path: Path, name: str) -> None:
        files = {key: {"n_bytes": 1, "sha256": "0" * 64} for key in (name, "database.sqlite3")}
        manifest = json.dumps({"format": 1, "made_at": 0.0, "files": files}).encode()
        file = tmp_path / "crafted.tar"
        with tarfile.open(file, "w") as archive:
            for member, content in (("manifest.json", manifest), (name, b"x"), ("database.sqlite3", b"x")):
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))

        assert "it has files of another kind" in refused(another, file)
        assert not (another.parent / "escaped").exists()

    def test_refuses_what_a_newer_version_has_made(self, folder: Path, another: Path, tmp_path: Path) -> None:
        newer = make_instance(tmp_path / "newer")
        done(newer, "setup")
        with closing(sqlite3.connect(newer / "chantilly.sqlite3")) as database:
            database.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('models_app', '9999_later', '')"
            )
            database.commit()
        done(newer, "backup", str(tmp_path / "newer.tar"))

        assert "newer version of the server: this one does not know models_app.9999_later" in refused(
            another, tmp_path / "newer.tar"
        )
