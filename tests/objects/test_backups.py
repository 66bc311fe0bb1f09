"""Backups of instances whose snapshots are in an object store, as processes."""

import pickle
from pathlib import Path

import pytest

from models_app.models import object_store
from tests.management.processes import manage
from tests.objects.stores import Store
from tests.servers.launchers import make_instance
from tests.services.instances import logistic


def done(instance: Path, *arguments: str, **settings: str) -> str:
    ended = manage(instance, *arguments, **settings)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def folder(tmp_path: Path, store: Store) -> Path:
    """An instance with a model that has learned, in the store."""
    folder = make_instance(tmp_path / "instance")
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(logistic()))
    (tmp_path / "learns.ndjson").write_text(
        "".join(
            f'{{"features": {{"x": {i}}}, "ground_truth": {str(i % 2 == 0).lower()}}}\n' for i in range(9)
        )
    )
    variables = {"SNAPSHOTS_URL": store.url}
    done(folder, "setup", **variables)
    done(folder, "init", "binary", "--no-input", **variables)
    done(folder, "add_model", str(tmp_path / "model.pickle"), "--name", "mine", **variables)
    done(folder, "learn", str(tmp_path / "learns.ndjson"), "--model", "mine", **variables)
    done(folder, "snapshot_models", **variables)
    return folder


class TestBackup:
    def test_is_whole_without_the_store(self, folder: Path, store: Store, tmp_path: Path) -> None:
        file, another = tmp_path / "backup.tar", make_instance(tmp_path / "another")
        objects = store.objects()

        done(folder, "backup", str(file), SNAPSHOTS_URL=store.url)
        with store.away():
            done(another, "restore", str(file))
            verified = done(another, "verify_journal")

        assert len(objects) == 2
        assert verified.startswith("mine: equal (learns 0 to 9, 1 snapshots compared)")
        # It sweeps a folder of its own.
        swept = done(another, "sweep_snapshots", SNAPSHOTS_URL=store.url, SNAPSHOTS_GRACE_SECONDS="600")
        assert swept == "Removed 0 objects that no snapshot names.\n"
        assert store.objects() == objects

    def test_is_refused_where_objects_are_lost(self, folder: Path, store: Store, tmp_path: Path) -> None:
        for url in store.objects():
            object_store.delete(url)

        ended = manage(folder, "backup", str(tmp_path / "backup.tar"), SNAPSHOTS_URL=store.url)

        assert ended.returncode == 1
        assert "Objects of snapshots are lost" in ended.stderr
        assert not (tmp_path / "backup.tar").exists()
