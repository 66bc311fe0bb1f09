"""Databases of earlier versions."""

from pathlib import Path

from tests.management.processes import manage
from tests.servers.databases import Database
from tests.servers.launchers import make_instance

_MODEL = """
INSERT INTO models_app_servedmodel
    (name, flavor, generation, seq, is_default, is_scored, n_predictions, size_bytes, sha256, river_version,
     python_version, numpy_version, uploaded_at)
VALUES ('old', 'binary', 3, 7, 1, 1, 0, 0, '', '', '', '', '2026-01-02 03:04:05')
"""
_CONFIGURATION = """
INSERT INTO models_app_configuration
    (id, flavor, epoch, metrics_bytes, metrics_signature, metrics_segment_id, initialized_at)
VALUES (1, 'binary', '', '', 'signed', 42, '2026-01-02 03:04:05')
"""


class TestGenerations:
    def test_begin_with_the_uploads_that_are_served(self, tmp_path: Path) -> None:
        instance = make_instance(tmp_path / "instance")
        database = Database(instance / "chantilly.sqlite3")
        assert manage(instance, "migrate", "models_app", "0002").returncode == 0
        database.rows(_MODEL)

        migrated = manage(instance, "migrate")

        assert migrated.returncode == 0, migrated.stderr
        columns = "generation, kind, seq, from_generation, started_at"
        assert database.rows(f"SELECT {columns} FROM models_app_generation") == [
            (3, "upload", 0, None, "2026-01-02 03:04:05")
        ]

    def test_are_answered_by_the_flavors_own_method(self, tmp_path: Path) -> None:
        instance = make_instance(tmp_path / "instance")
        database = Database(instance / "chantilly.sqlite3")
        assert manage(instance, "migrate", "models_app", "0003").returncode == 0
        database.rows(
            _MODEL.replace("generation, seq,", "generation, n_undone, seq,").replace("3, 7", "3, 0, 7")
        )
        database.rows(_CONFIGURATION)

        migrated = manage(instance, "migrate")

        assert migrated.returncode == 0, migrated.stderr
        assert database.rows("SELECT predict_method, remarks FROM models_app_servedmodel") == [("", "[]")]
        # The metrics over all models go on from the segment that they have.
        kept = database.rows("SELECT metrics_position, metrics_signature FROM models_app_configuration")
        assert kept == [("42", "signed")]
