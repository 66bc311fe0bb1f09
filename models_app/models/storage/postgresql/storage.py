"""The engine's storage on PostgreSQL.

The statements of the hot path go straight to `psycopg`, prepared: the ORM costs ten times more than they do.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from models_app.engine.ports import ModelState, Pending, Segment, Write
from models_app.models import segments
from models_app.models.storage.base import (
    STATE_COLUMNS,
    Backend,
    Outcome,
    guarded,
    to_pending,
    to_state,
)
from models_app.models.storage.postgresql.commits import Writer
from models_app.models.storage.postgresql.turns import Turns
from models_app.models.transactions import translated_errors

_FIND_STATE = f"SELECT {STATE_COLUMNS} FROM models_app_servedmodel WHERE name = %s"  # noqa: S608
_LAST_LEARNED_AT = """
SELECT extract(epoch FROM last_learned_at)::float8 FROM models_app_servedmodel WHERE id = %s::bigint
"""
_DEFAULT_NAME = "SELECT name FROM models_app_servedmodel WHERE is_default"
_PENDING = """
SELECT p.prediction_id, p.model_id, m.name, p.token, p.features, p.prediction,
    extract(epoch FROM p.predicted_at)::float8, m.flavor, p.is_learned, p.owner
FROM models_app_pendingprediction p JOIN models_app_servedmodel m ON m.id = p.model_id
WHERE p.prediction_id = ANY (%s::text[])
"""
_SEGMENTS = """
SELECT first_seq, last_seq, learns FROM models_app_journalsegment
WHERE model_id = %s::bigint AND generation = %s::int AND first_seq > %s::bigint
ORDER BY first_seq LIMIT %s::int
"""
_SIZE = "SELECT pg_database_size(current_database())"
_TABLES = """
SELECT quote_ident(tablename) FROM pg_tables
WHERE schemaname = current_schema() AND (tablename LIKE 'models_app_%%' OR tablename LIKE 'monitoring_%%')
"""

_writer = Writer()
_turns = Turns()


class PostgresqlStorage(Backend):
    """One database, any number of servers and commands."""

    @guarded
    def find_state(self, name: str) -> ModelState | None:
        """See the port."""
        rows = _rows(_FIND_STATE, (name,))
        return to_state(rows[0]) if rows else None

    @guarded
    def last_learned_at(self, state: ModelState) -> float:
        """See the port."""
        rows = _rows(_LAST_LEARNED_AT, (state.model_id,))
        # The column has whole microseconds, and may have been rounded down.
        return rows[0][0] + 1e-6 if rows and rows[0][0] is not None else 0.0

    @guarded
    def default_name(self) -> str | None:
        """See the port."""
        rows = _rows(_DEFAULT_NAME, ())
        return rows[0][0] if rows else None

    @guarded
    def pending(self, prediction_ids: Sequence[str]) -> dict[str, Pending]:
        """See the port."""
        rows = _rows(_PENDING, (list(prediction_ids),)) if prediction_ids else []
        return {row[0]: to_pending(row, row[6]) for row in rows}

    @guarded
    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """See the port."""
        return _writer.commit(writes)

    def enter_turn(self, name: str, seconds: float) -> bool:
        """See the port."""
        return _turns.enter(name, seconds)

    def leave_turn(self, name: str) -> None:
        """See the port."""
        _turns.leave(name)

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
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)
            names = [name for (name,) in cursor.fetchall()]
            # It takes as much room as the tables, and nobody can use a table meanwhile.
            cursor.execute(f"VACUUM FULL {', '.join(names)}")

    def empty_log(self) -> bool:
        """See the base: the log, its copies and standbys are the database's own affair."""
        return False

    def check_files(self) -> None:
        """See the base: its files are the database's own affair."""

    def close(self) -> None:
        """See the base."""
        _writer.close()
        _turns.close()

    def begin_serving(self) -> None:
        """See the base: any number of servers may."""

    def end_serving(self) -> None:
        """See the base."""

    def holds_duties(self) -> bool:
        """See the base."""
        return _turns.hold_duties()

    def socket_path(self) -> str:
        """See the base."""
        return str(Path(settings.INSTANCE_PATH) / "chantilly.sock")

    @guarded
    def size_bytes(self) -> int:
        """See the base."""
        ((n_bytes,),) = _rows(_SIZE, ())
        return int(n_bytes)

    @guarded
    def versions(self) -> dict[str, str]:
        """See the base."""
        ((version,),) = _rows("SHOW server_version", ())
        return {"PostgreSQL": str(version)}

    def segments_of(self, model_id: int, generation: int, *, after_seq: int) -> Iterator[Segment]:
        """See the base."""
        while True:
            with translated_errors():
                rows = _rows(_SEGMENTS, (model_id, generation, after_seq, segments.AT_A_TIME))
            if not rows:
                return
            for row in rows:
                yield segments.to_segment(*row)
            after_seq = rows[-1][1]


def _rows(statement: str, parameters: Sequence[Any]) -> list[Any]:
    """Return what a prepared statement finds, over this thread's connection."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection.connection.execute(statement, parameters, prepare=True).fetchall()  # type: ignore[no-any-return]
