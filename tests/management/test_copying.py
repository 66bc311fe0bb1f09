"""`copy_instance` as a process, between databases."""

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.management.processes import manage
from tests.management.test_commands_beside_a_server import done
from tests.postgresql import Cluster
from tests.servers.launchers import make_instance
from tests.services.instances import logistic


def ran(folder: Path, *arguments: str, **settings: str) -> str:
    """Run a command that says something beside its output."""
    ended = manage(folder, *arguments, **settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with models, of which one was deleted: its segments' numbers are given no more."""
    files = tmp_path_factory.mktemp("copies")
    folder = make_instance(files / "instance")
    (files / "model.pickle").write_bytes(pickle.dumps(logistic()))
    truths = ("true", "false")
    lines = [f'{{"features": {{"x": {i}}}, "ground_truth": {truths[i % 2]}}}' for i in range(300)]
    (files / "learns.ndjson").write_text("\n".join(lines))
    done(folder, "setup")
    done(folder, "init", "binary", "--no-input")
    for name in ("mine", "other"):
        done(folder, "add_model", str(files / "model.pickle"), "--name", name)
        done(folder, "learn", str(files / "learns.ndjson"), "--model", name)
    done(folder, "delete_model", "other")
    ran(folder, "create_token", "reader", "--scope", "read")
    return folder


def rows(database: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute(statement).fetchall()


def tables(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but for when migrations were applied."""
    names = rows(database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    left_out = ("django_migrations", "models_app_auditentry", "sqlite_sequence")
    named = [str(name) for (name,) in names if name not in left_out]
    return {
        name: rows(database, f"SELECT * FROM {name} ORDER BY 1") for name in named if "sqlite_" not in name
    }


class TestFromSqliteToSqlite:
    def test_has_every_row_as_it_was(self, folder: Path, tmp_path: Path) -> None:
        source, target = folder / "chantilly.sqlite3", tmp_path / "copy.sqlite3"

        said = ran(folder, "copy_instance", f"sqlite:///{source}", f"sqlite:///{target}")

        assert "mine: equal (learns 0 to 300" in said
        assert tables(target) == tables(source)
        given = "SELECT name, seq FROM sqlite_sequence WHERE name <> 'models_app_auditentry' ORDER BY name"
        counted = [row for row in rows(source, given) if row[0] != "django_migrations"]
        assert counted
        assert counted == [row for row in rows(target, given) if row[0] != "django_migrations"]
        last = rows(target, "SELECT action FROM models_app_auditentry ORDER BY id DESC LIMIT 1")
        assert last == [("copy_instance",)]

    def test_takes_an_empty_database_only(self, folder: Path, tmp_path: Path) -> None:
        source = f"sqlite:///{folder}/chantilly.sqlite3"

        ended = manage(folder, "copy_instance", source, source)

        assert ended.returncode == 1
        assert "target: is no empty database" in ended.stderr

    def test_leaves_nothing_behind_where_it_fails(self, folder: Path, tmp_path: Path) -> None:
        target = tmp_path / "copy.sqlite3"
        broken = tmp_path / "broken.sqlite3"
        with closing(sqlite3.connect(folder / "chantilly.sqlite3")) as opened:
            opened.execute("VACUUM INTO ?", [str(broken)])
        with closing(sqlite3.connect(broken)) as opened, opened:
            opened.execute("UPDATE models_app_flavormetrics SET metrics_signature = 'none'")

        ended = manage(folder, "copy_instance", f"sqlite:///{broken}", f"sqlite:///{target}")

        assert ended.returncode == 1
        assert "signature" in ended.stderr
        assert rows(target, "SELECT count(*) FROM models_app_servedmodel") == [(0,)]


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of a database that is empty."""
    cluster = Cluster()
    cluster.start()
    yield cluster.url("postgres")
    cluster.stop()


def metrics(folder: Path, url: str) -> str:
    """The metrics over all models, as what is written down and the journal after it lead to."""
    program = (
        "from models_app.services.folding import InstanceMetrics; "
        "from models_app.paradigms.binary import BINARY; "
        "print(sorted(InstanceMetrics().values(BINARY).items()))"
    )
    return ran(folder, "shell", "--no-imports", "-c", program, DATABASE_URL=url)


class TestBetweenSqliteAndPostgresql:
    def test_goes_there_learns_on_and_comes_back(self, folder: Path, tmp_path: Path, postgresql: str) -> None:
        source, back = f"sqlite:///{folder}/chantilly.sqlite3", f"sqlite:///{tmp_path}/back.sqlite3"
        more = tmp_path / "more.ndjson"
        more.write_text('{"features": {"x": 1}, "ground_truth": true}\n' * 10)

        there = ran(folder, "copy_instance", source, postgresql)

        assert "mine: equal (learns 0 to 300" in there
        assert metrics(folder, postgresql) == metrics(folder, source)
        # It goes on with numbers that are free, and followers see what comes.
        ran(folder, "learn", str(more), "--model", "mine", DATABASE_URL=postgresql)
        ran(
            folder, "add_model", str(folder.parent / "model.pickle"), "--name", "new", DATABASE_URL=postgresql
        )
        ran(folder, "learn", str(more), "--model", "new", DATABASE_URL=postgresql)
        learned = metrics(folder, postgresql)
        assert learned != metrics(folder, source)

        said = ran(folder, "copy_instance", postgresql, back)

        assert "mine: equal (learns 0 to 310" in said
        assert "new: equal (learns 0 to 10" in said
        assert metrics(folder, back) == learned
        ran(folder, "learn", str(more), "--model", "mine", DATABASE_URL=back)
        assert metrics(folder, back) != learned
        segments = rows(tmp_path / "back.sqlite3", "SELECT id FROM models_app_journalsegment ORDER BY id")
        assert [number for (number,) in segments] == list(range(1, len(segments) + 1))

    def test_takes_an_empty_database_only(self, folder: Path, postgresql: str) -> None:
        source = f"sqlite:///{folder}/chantilly.sqlite3"
        ran(folder, "copy_instance", "--no-verify", source, postgresql)

        ended = manage(folder, "copy_instance", source, postgresql)

        assert ended.returncode == 1
        assert "target: is no empty database" in ended.stderr


class TestBackupOfPostgresql:
    def test_is_of_one_moment_whatever_is_written_meanwhile(self, folder: Path, postgresql: str) -> None:
        ran(folder, "migrate", DATABASE_URL=postgresql)
        program = f"""
from django.db import transaction
from django.utils import timezone
from models_app.models import Configuration
from models_app.services.copying.databases import SOURCE, TARGET, opened, see_one_moment

with opened({postgresql!r}, {postgresql!r}):
    with transaction.atomic(using=SOURCE):
        see_one_moment()
        before = Configuration.objects.using(SOURCE).count()
        Configuration.objects.using(TARGET).create(initialized_at=timezone.now())
        print(before, *(Configuration.objects.using(each).count() for each in (SOURCE, TARGET)))
"""

        said = ran(folder, "shell", "--no-imports", "-c", program, DATABASE_URL=postgresql)

        assert said == "0 0 1\n"

    def test_is_restored_into_either(self, folder: Path, tmp_path: Path, postgresql: str) -> None:
        source, file = f"sqlite:///{folder}/chantilly.sqlite3", tmp_path / "backup.tar"
        ran(folder, "copy_instance", "--no-verify", source, postgresql)

        ran(folder, "backup", str(file), DATABASE_URL=postgresql)

        lite, other = make_instance(tmp_path / "lite"), make_instance(tmp_path / "other")
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute("CREATE DATABASE second")
        second = postgresql.removesuffix("postgres") + "second"
        ended = manage(other, "restore", str(file), DATABASE_URL=postgresql)
        assert ended.returncode == 1
        assert "is no empty database" in ended.stderr
        damaged = tmp_path / "damaged.tar"
        damaged.write_bytes(file.read_bytes()[:-20_000])
        ended = manage(other, "restore", str(damaged), DATABASE_URL=second)
        assert ended.returncode == 1
        assert "is no whole backup" in ended.stderr
        # The key is in the backup, too: what it has signed is accepted.
        for instance, url in ((lite, ""), (other, second)):
            variables = {"DATABASE_URL": url} if url else {}
            assert "Restored." in ran(instance, "restore", str(file), **variables)
            assert "mine: equal (learns 0 to 300" in ran(instance, "verify_journal", **variables)
            found = metrics(instance, url or f"sqlite:///{lite}/chantilly.sqlite3")
            assert found == metrics(folder, source)
