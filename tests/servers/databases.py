"""An instance's database, read beside the server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from models_app.domain import blobs, learns
from models_app.domain.learns import Learn

_OF_MODEL = "FROM {table} t JOIN models_app_servedmodel m ON m.id = t.model_id WHERE m.name = ?"
_SEGMENTS = f"SELECT first_seq, last_seq, learns {_OF_MODEL} AND t.generation = m.generation".format(
    table="models_app_journalsegment"
)
_SNAPSHOTS = f"{_OF_MODEL} AND t.generation = m.generation".format(table="models_app_snapshot")
_NEXT_ALERT = "SELECT coalesce(max(seq), 0) + 1 FROM monitoring_driftalert"
_PUT_ALERT = """
    INSERT INTO monitoring_driftalert (model_id, generation, seq, time, kind, source, detector, value, reason,
                                       is_muted, acknowledged_by, note, resolution)
    SELECT id, generation, ?, datetime('now'), 'drift', 'error', 'ADWIN', 0.5, '', 0, '', '', ''
    FROM models_app_servedmodel WHERE name = ?
"""
# All that a refused request must leave alone. The counts of predictions are written down later.
_CONTENTS = {
    "models": "SELECT id, name, flavor, generation, seq, is_default, sha256, last_learned_at "
    "FROM models_app_servedmodel ORDER BY id",
    "snapshots": "SELECT id, seq, signature FROM models_app_snapshot ORDER BY id",
    "segments": "SELECT * FROM models_app_journalsegment ORDER BY id",
    "pending": "SELECT * FROM models_app_pendingprediction ORDER BY prediction_id",
    "configuration": "SELECT flavor, epoch FROM models_app_configuration",
}


def tag_of(learn: Learn) -> Any:
    """Return what the tests' features have under `tag`."""
    features: Any = learn.x()
    return features["tag"]


class Database:
    """The SQLite file of an instance."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection that commits each statement, for the length of a block."""
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as connection:
            yield connection

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the write lock for the length of a block."""
        with self.connect() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row that matters."""
        return {name: self.rows(sql) for name, sql in _CONTENTS.items()}

    def seq(self, name: str) -> int:
        """Return a model's number of learns."""
        return int(self.rows("SELECT seq FROM models_app_servedmodel WHERE name = ?", name)[0][0])

    def learns(self, name: str, after: int = 0) -> list[Learn]:
        """Return the learns of a model's journal after a seq; without gaps and up to the model's seq."""
        seq = after
        found: list[Learn] = []
        for first, last, text in self.rows(f"{_SEGMENTS} AND last_seq > ? ORDER BY first_seq", name, after):
            segment = learns.decode(text)
            assert (first, len(segment)) == (seq + 1, last - first + 1)
            found += segment
            seq = last
        assert seq == self.seq(name)
        return found

    def all_learns(self) -> list[Learn]:
        """Return the learns of all models in the order of the commits."""
        rows = self.rows("SELECT learns FROM models_app_journalsegment ORDER BY id")
        return [learn for (text,) in rows for learn in learns.decode(text)]

    def pending_ids(self) -> set[str]:
        """Return the ids that await their ground truth."""
        return {row[0] for row in self.rows("SELECT prediction_id FROM models_app_pendingprediction")}

    def snapshot_seqs(self, name: str) -> list[int]:
        """Return the seqs at which the model has snapshots, in order."""
        return [row[0] for row in self.rows(f"SELECT t.seq {_SNAPSHOTS} ORDER BY t.seq", name)]

    def snapshot(self, name: str, seq: int) -> Any:
        """Return the model as a snapshot has it."""
        ((data,),) = self.rows(f"SELECT t.model_bytes {_SNAPSHOTS} AND t.seq = ?", name, seq)
        return blobs.loads(blobs.decompress(data))


def put_alert(database: Database, name: str) -> int:
    """Put an alert of a model into the database, as a detector does; return its id."""
    with database.connect() as connection:
        ((seq,),) = connection.execute(_NEXT_ALERT).fetchall()
        cursor = connection.execute(_PUT_ALERT, (seq, name))
        return int(cursor.lastrowid or 0)
