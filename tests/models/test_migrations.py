"""Databases of earlier versions."""

from pathlib import Path

import pytest

from models_app.domain.blobs import Signer
from tests.management.processes import manage
from tests.servers.databases import Database
from tests.servers.launchers import make_instance

pytestmark = pytest.mark.sqlite

_MODEL = """
INSERT INTO models_app_servedmodel
    (name, flavor, generation, seq, is_default, is_scored, n_predictions, size_bytes, sha256, river_version,
     python_version, numpy_version, uploaded_at)
VALUES ('old', 'binary', 3, 7, 1, 1, 0, 0, '', '', '', '', '2026-01-02 03:04:05')
"""
_CONFIGURATION = """
INSERT INTO models_app_configuration
    (id, flavor, epoch, metrics_bytes, metrics_signature, metrics_segment_id, initialized_at)
VALUES (1, 'binary', '00000000000000000000000000000001', '', 'signed', 42, '2026-01-02 03:04:05')
"""
_EPOCH = "00000000-0000-0000-0000-000000000001"

_SAMPLE = """
INSERT INTO monitoring_metricsnapshot
    (model_id, generation, seq, time, n_predictions, "values", rolling, level)
VALUES (NULL, 0, 5, '2026-01-02 03:04:05', 5, '{}', '{}', 4)
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
        kept = database.rows("SELECT flavor, metrics_position FROM models_app_configuration")
        assert kept == [("binary", "42")]


class TestMetricsOverAllModels:
    def test_are_those_of_the_instances_flavor_from_then_on(self, tmp_path: Path) -> None:
        instance = tmp_path / "instance"
        database = Database(instance / "chantilly.sqlite3")
        assert manage(instance, "migrate", "models_app", "0006").returncode == 0
        assert manage(instance, "migrate", "monitoring", "0005").returncode == 0
        signer = Signer([(instance / "secret_key").read_text().strip()])
        signature = signer.sign(f"metrics of {_EPOCH} up to segment 42", b"folded")
        database.rows(_CONFIGURATION.replace("segment_id", "position").replace("'signed'", f"'{signature}'"))
        database.rows("UPDATE models_app_configuration SET metrics_bytes = CAST('folded' AS BLOB)")
        database.rows(_SAMPLE)

        migrated = manage(instance, "migrate")

        assert migrated.returncode == 0, migrated.stderr
        columns = "flavor, metrics_bytes, metrics_position, metrics_signature"
        ((flavor, data, position, signature),) = database.rows(
            f"SELECT {columns} FROM models_app_flavormetrics"
        )
        assert (flavor, data, position) == ("binary", b"folded", "42")
        signer.check(f"metrics of {_EPOCH}, flavor binary, up to segment 42", signature, data)
        assert database.rows("SELECT flavor FROM monitoring_metricsnapshot") == [("binary",)]

    def test_whose_signature_was_wrong_stay_refused(self, tmp_path: Path) -> None:
        instance = tmp_path / "instance"
        database = Database(instance / "chantilly.sqlite3")
        assert manage(instance, "migrate", "models_app", "0006").returncode == 0
        database.rows(_CONFIGURATION.replace("segment_id", "position"))

        migrated = manage(instance, "migrate")

        assert migrated.returncode == 0, migrated.stderr
        kept = database.rows("SELECT flavor, metrics_signature FROM models_app_flavormetrics")
        assert kept == [("binary", "signed")]
