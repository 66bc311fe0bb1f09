"""Commits of the engine: batches of several models in one statement, which is one round trip.

What a batch relies on is looked at, and locked, before anything is written: of a batch with a conflict
nothing is written, and no savepoint is needed for that. Rows are locked in the order of their keys, by
whoever commits: nobody waits in a circle. `READ COMMITTED` looks again at a row that somebody else has
changed while it was waited for.
"""

import functools
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from models_app.domain import learns
from models_app.engine.ports import Conflict, Pending, Write
from models_app.models.storage.base import Outcome
from models_app.models.transactions import unavailable, writer_lock, writer_lock_if_free

_COMMIT = Path(__file__).with_name("commit.sql").read_text()
# Rows are found one by one, by their keys, however many there are and whatever was known of the tables when
# the plan was made: it is made once.
_BY_KEY = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
_TOUCH = """
UPDATE models_app_servedmodel
SET n_predictions = n_predictions + %s::bigint,
    last_predicted_at = coalesce(to_timestamp(%s::float8), last_predicted_at)
WHERE id = %s::bigint AND generation = %s::int
"""
# A transaction with a number of its own is written to the log, and nothing else changes.
_TRY = "SELECT pg_current_xact_id(), pg_is_in_recovery()"

_encode = msgspec.json.Encoder().encode


class Writer:
    """The connection that all threads of the process commit through, one at a time."""

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None

    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write batches in one transaction; see the port. Raises `StorageUnavailable`."""
        if not _may_share_a_statement(writes):
            return [outcome for write in writes for outcome in self.commit([write])]
        statement, parameters = _asked(writes)
        segment_ids = dict(self._execute(statement, parameters))
        return [segment_ids.get(n, _CONFLICT) for n in range(len(writes))]

    def probe(self) -> None:
        """Write to the disk what changes nothing; raises `StorageUnavailable` where that fails."""
        self._execute(_TRY, ())

    def save_activity(self, write: Write) -> None:
        """Add a batch's predictions to the model's counts; raises `StorageUnavailable`."""
        state = write.state
        row = (write.n_predictions, write.last_predicted_at, state.model_id, state.generation)
        self._execute(_TOUCH, row, returns=False)

    def close(self) -> None:
        """Give back the connection, unless somebody writes; the next commit opens another."""
        with writer_lock_if_free() as is_free:
            if is_free:
                self._disconnect()

    def _execute(self, statement: str, parameters: Sequence[Any], *, returns: bool = True) -> list[Any]:
        with writer_lock():
            try:
                wrapper = self._connected()
                with wrapper.wrap_database_errors:
                    cursor = wrapper.connection.execute(statement, parameters, prepare=True)
                    return cursor.fetchall() if returns else []
            except DatabaseError as error:
                # It may be broken.
                self._disconnect()
                raise unavailable(error) from error

    def _connected(self) -> BaseDatabaseWrapper:
        if self._connection is None:
            self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
            self._connection.inc_thread_sharing()
        if self._connection.connection is None:
            self._connection.ensure_connection()
            with self._connection.cursor() as cursor:
                cursor.execute(_BY_KEY)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


_CONFLICT = Conflict()


def _may_share_a_statement(writes: Sequence[Write]) -> bool:
    """Say whether no write touches what another one does: one after the other, the later sees the earlier.

    All of a statement sees what was there before it.
    """
    if len(writes) == 1:
        return True
    touched = Counter(
        chain.from_iterable(
            {each.prediction_id for each in write.claimed} | {*write.predicted} for write in writes
        )
    )
    models = {write.state.model_id for write in writes}
    return len(models) == len(writes) and all(n == 1 for n in touched.values())


def _asked(writes: Sequence[Write]) -> tuple[str, list[Any]]:
    """Return the statement that writes batches, and its parameters."""
    texts: list[str] = []
    rows: list[dict[str, Any]] = []
    parts: dict[str, list[dict[str, Any]]] = {"claims": [], "predictions": [], "replays": []}
    for n, write in enumerate(writes):
        if write.learns:
            texts.append(learns.encode(write.learns))
        rows.append(_row(n, write, len(texts)))
        parts["claims"] += [{"n": n, "id": each.prediction_id, "token": each.token} for each in write.claimed]
        parts["predictions"] += [_predicted(n, each) for each in write.predicted.values()]
        parts["replays"] += [
            {"n": n, "id": key, "after_seq": each.after_seq, "seq": each.seq}
            for key, each in write.replayed.items()
        ]
    needed = {name: some for name, some in parts.items() if some}
    return _statement(frozenset(needed)), [
        *(_encode(each).decode() for each in (rows, *needed.values())),
        texts,
    ]


@functools.cache
def _statement(parts: frozenset[str]) -> str:
    """Return the statement with these of its optional parts: what is not there need not be looked through."""
    lines: list[str] = []
    left_out: list[bool] = []
    for line in _COMMIT.splitlines():
        if line.startswith("--["):
            left_out.append(line[3:] not in parts)
        elif line == "--]":
            left_out.pop()
        elif not any(left_out) and not line.startswith("--"):
            lines.append(line)
    return "\n".join(lines)


def _predicted(n: int, pending: Pending) -> dict[str, Any]:
    return {
        "n": n,
        "id": pending.prediction_id,
        "model": pending.model_id,
        "token": pending.token,
        "features": pending.features,
        "prediction": pending.prediction,
        "predicted_at": pending.predicted_at,
        "is_learned": pending.is_learned,
        "owner": pending.owner,
    }


def _row(n: int, write: Write, text: int) -> dict[str, Any]:
    state = write.state
    return {
        "n": n,
        "model": state.model_id,
        "generation": state.generation,
        "seq": write.seq,
        "n_learns": len(write.learns),
        "learned_at": write.learns[-1].learned_at if write.learns else None,
        "n_predictions": write.n_predictions,
        "predicted_at": write.last_predicted_at,
        "relies": write.relies_on_default,
        "kept": state.features_kept,
        "n_claims": len(write.claimed),
        "n_replays": len(write.replayed),
        "text": text,
    }
