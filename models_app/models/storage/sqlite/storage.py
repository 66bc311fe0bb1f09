"""The engine's storage on SQLite.

The statements of the hot path go straight to `sqlite3`: the ORM costs ten times more than they do.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from models_app.engine.ports import ModelState, Pending, Segment, Write
from models_app.models.storage.base import (
    STATE_COLUMNS,
    Backend,
    Outcome,
    guarded,
    to_pending,
    to_state,
)
from models_app.models.storage.sqlite.commits import Writer, raw_connection
from models_app.models.storage.sqlite.gates import Gates
from models_app.models.storage.sqlite.segments import segments_of
from models_app.models.storage.sqlite.server_locks import ServerLock, path_beside
from models_app.models.transactions import check_files, writer_lock

# What one statement can name; SQLite takes 32,766 at the most.
_MAX_VARIABLES = 10_000

_FIND_STATE = f"SELECT {STATE_COLUMNS} FROM models_app_servedmodel WHERE name = ?"  # noqa: S608
_LAST_LEARNED_AT = "SELECT last_learned_at || '' FROM models_app_servedmodel WHERE id = ?"
_DEFAULT_NAME = "SELECT name FROM models_app_servedmodel WHERE is_default"
# `|| ''` keeps Django's converter of datetimes, slower than the look-up, away from the column.
_PENDING = """
SELECT p.prediction_id, p.model_id, m.name, p.token, p.features, p.prediction, p.predicted_at || '',
    m.flavor, p.is_learned, p.owner
FROM models_app_pendingprediction p JOIN models_app_servedmodel m ON m.id = p.model_id
WHERE p.prediction_id IN ({marks})
"""

# How long to wait for who reads from the log that is to be emptied.
_READERS_MS = 50
_SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"

_writer = Writer()
_gates = Gates()
_server_lock = ServerLock()


class SqliteStorage(Backend):
    """One file, one server process, commands beside it."""

    @guarded
    def find_state(self, name: str) -> ModelState | None:
        """See the port."""
        row = raw_connection().execute(_FIND_STATE, (name,)).fetchone()
        return None if row is None else to_state(row)

    @guarded
    def last_learned_at(self, state: ModelState) -> float:
        """See the port."""
        row = raw_connection().execute(_LAST_LEARNED_AT, (state.model_id,)).fetchone()
        # The column has whole microseconds, and may have been rounded down.
        return 0.0 if row is None or row[0] is None else _seconds(row[0]) + 1e-6

    @guarded
    def default_name(self) -> str | None:
        """See the port."""
        row = raw_connection().execute(_DEFAULT_NAME).fetchone()
        return None if row is None else str(row[0])

    @guarded
    def pending(self, prediction_ids: Sequence[str]) -> dict[str, Pending]:
        """See the port."""
        found: dict[str, Pending] = {}
        for start in range(0, len(prediction_ids), _MAX_VARIABLES):
            ids = prediction_ids[start : start + _MAX_VARIABLES]
            marks = ",".join("?" * len(ids))
            for row in raw_connection().execute(_PENDING.format(marks=marks), ids):
                found[row[0]] = to_pending(row, _seconds(row[6]))
        return found

    @guarded
    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """See the port."""
        return _writer.commit(writes)

    def enter_turn(self, name: str, seconds: float) -> bool:
        """See the port."""
        return _gates.enter(name, seconds)

    def leave_turn(self, name: str) -> None:
        """See the port."""
        _gates.leave(name)

    @guarded
    def save_activity(self, write: Write) -> None:
        """See the port."""
        _writer.save_activity(write)

    @guarded
    def probe(self) -> None:
        """See the base."""
        _writer.probe()

    @guarded
    def rewrite(self) -> None:
        """See the base."""
        with writer_lock():
            raw = raw_connection()
            # It takes as much room as the database: not in memory.
            raw.execute("PRAGMA temp_store = FILE")
            try:
                raw.execute("VACUUM")
            finally:
                raw.execute("PRAGMA temp_store = MEMORY")

    @guarded
    def empty_log(self) -> bool:
        """See the base."""
        with writer_lock():
            raw = raw_connection()
            # All others wait for the lock: not for who reads, too.
            raw.execute(f"PRAGMA busy_timeout = {_READERS_MS}")
            try:
                is_busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.execute(f"PRAGMA busy_timeout = {1000 * settings.DATABASE_TIMEOUT:.0f}")
        return not is_busy

    @guarded
    def check_files(self) -> None:
        """See the base."""
        check_files(connections[DEFAULT_DB_ALIAS])

    def close(self) -> None:
        """See the base."""
        _writer.close()

    def begin_serving(self) -> None:
        """See the base."""
        _server_lock.acquire()

    def end_serving(self) -> None:
        """See the base."""
        _server_lock.release()

    def holds_duties(self) -> bool:
        """See the base: there is one server."""
        return True

    def socket_path(self) -> str:
        """See the base."""
        return path_beside("sock")

    @guarded
    def size_bytes(self) -> int:
        """See the base."""
        ((n_bytes,),) = raw_connection().execute(_SIZE)
        return int(n_bytes)

    def versions(self) -> dict[str, str]:
        """See the base."""
        return {"SQLite": sqlite3.sqlite_version}

    def segments_of(self, model_id: int, generation: int, *, after_seq: int) -> Iterator[Segment]:
        """See the base."""
        return segments_of(model_id, generation, after_seq=after_seq)


def _seconds(column: str) -> float:
    """Undo `to_column`, up to half a microsecond."""
    return datetime.fromisoformat(column).replace(tzinfo=UTC).timestamp()
