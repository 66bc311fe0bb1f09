"""Commits of the engine: batches of several models in one transaction.

A commit waits for the disk, and SQLite has one writer: a hundred models that learn side by side share the
waits as one model's requests do.
"""

import functools
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from models_app.domain import learns
from models_app.engine.ports import Conflict, Pending, Replayed, Write
from models_app.models.storage.base import Outcome
from models_app.models.transactions import check_files, unavailable, writer_lock, writer_lock_if_free
from models_app.sqlite.files import refuse_in_doubt

_ADVANCE = """
UPDATE models_app_servedmodel
SET seq = seq + ?, last_learned_at = coalesce(?, last_learned_at), n_predictions = n_predictions + ?,
    last_predicted_at = coalesce(?, last_predicted_at)
WHERE id = ? AND generation = ? AND seq = ? AND is_default >= ? AND features_kept = ?
"""
_TOUCH = """
UPDATE models_app_servedmodel
SET n_predictions = n_predictions + ?, last_predicted_at = coalesce(?, last_predicted_at)
WHERE id = ? AND generation = ?
"""
_CLAIM = "DELETE FROM models_app_pendingprediction WHERE prediction_id = ? AND token = ?"
_KEEP = """
INSERT INTO models_app_pendingprediction
    (prediction_id, model_id, token, features, prediction, predicted_at, is_learned, owner)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (prediction_id) DO UPDATE
SET model_id = excluded.model_id, token = excluded.token, features = excluded.features,
    prediction = excluded.prediction, predicted_at = excluded.predicted_at, is_learned = excluded.is_learned,
    owner = excluded.owner
"""
_MOVE_REPLAY = "UPDATE models_app_replay SET seq = ? WHERE id = ? AND seq = ?"
_APPEND = """
INSERT INTO models_app_journalsegment (model_id, generation, first_seq, last_seq, learns, committed_at)
VALUES (?, ?, ?, ?, ?, ?)
"""


class Writer:
    """The connection that all threads of the process write through, one at a time.

    Its pages stay at hand: SQLite forgets a connection's pages whenever another one has written.
    """

    def __init__(self) -> None:
        self._connection: BaseDatabaseWrapper | None = None

    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write batches in one transaction; see the port. Raises `StorageUnavailable`."""
        # Encoded before all wait for it.
        segments = [learns.encode(write.learns) for write in writes]
        with writer_lock():
            try:
                outcomes = _write_all(self._raw(), writes, segments)
                # Nothing is acknowledged that went into a file without a name.
                self._check_files()
            except (sqlite3.Error, DatabaseError) as error:
                # It may be broken.
                self._disconnect()
                raise unavailable(error) from error
        return outcomes

    def probe(self) -> None:
        """Write to the disk what changes nothing; raises `StorageUnavailable` where that fails."""
        with writer_lock():
            try:
                _touch(self._raw())
                self._check_files()
            except (sqlite3.Error, DatabaseError) as error:
                self._disconnect()
                raise unavailable(error) from error

    def save_activity(self, write: Write) -> None:
        """Add a batch's predictions to the model's counts; raises `StorageUnavailable`."""
        with writer_lock():
            self._raw().execute(_TOUCH, _activity(write))

    def close(self) -> None:
        """Give back the connection, unless somebody writes; the next commit opens another."""
        with writer_lock_if_free() as is_free:
            if is_free:
                self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _check_files(self) -> None:
        if self._connection is not None:
            check_files(self._connection)

    def _raw(self) -> sqlite3.Connection:
        refuse_in_doubt()
        if self._connection is None:
            self._connection = connections.create_connection(DEFAULT_DB_ALIAS)
            self._connection.inc_thread_sharing()
        self._connection.ensure_connection()
        raw: sqlite3.Connection = self._connection.connection
        return raw


def raw_connection() -> sqlite3.Connection:
    """Return this thread's connection of `sqlite3`."""
    refuse_in_doubt()
    connection.ensure_connection()
    raw: sqlite3.Connection = connection.connection
    return raw


def _touch(raw: sqlite3.Connection) -> None:
    """Commit a page that says what it has said."""
    (version,) = raw.execute("PRAGMA user_version").fetchone()
    raw.execute("BEGIN IMMEDIATE")
    try:
        raw.execute(f"PRAGMA user_version = {version:d}")
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def _write_all(raw: sqlite3.Connection, writes: Sequence[Write], segments: Sequence[str]) -> list[Outcome]:
    try:
        return _in_transaction(raw, _write, writes, segments)
    except Conflict as conflict:
        if len(writes) == 1:
            return [conflict]
    # The others have nothing to do with it. It is rare enough not to prepare for it in the first place.
    return _in_transaction(raw, _write_or_undo, writes, segments)


def _in_transaction(
    raw: sqlite3.Connection,
    write_one: Callable[[sqlite3.Connection, Write, str], Outcome],
    writes: Sequence[Write],
    segments: Sequence[str],
) -> list[Outcome]:
    raw.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [write_one(raw, write, learned) for write, learned in zip(writes, segments, strict=True)]
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise
    return outcomes


def _write_or_undo(raw: sqlite3.Connection, write: Write, learned: str) -> Outcome:
    raw.execute("SAVEPOINT batch")
    try:
        return _write(raw, write, learned)
    except Conflict as conflict:
        raw.execute("ROLLBACK TO batch")
        return conflict
    finally:
        raw.execute("RELEASE batch")


def _write(raw: sqlite3.Connection, write: Write, learned: str) -> int | None:
    """Write a batch and return its segment's id, or raise `Conflict`."""
    _advance(raw, write)
    for replay_id, replayed in write.replayed.items():
        _move_replay(raw, replay_id, replayed)
    return _append(raw, write, learned)


def _advance(raw: sqlite3.Connection, write: Write) -> None:
    """Move the model's row on, or raise `Conflict`."""
    learned_at = to_column(write.learns[-1].learned_at) if write.learns else None
    state = write.state
    conditions = (write.seq, write.relies_on_default, state.features_kept)
    row = (len(write.learns), learned_at, *_activity(write), *conditions)
    if raw.execute(_ADVANCE, row).rowcount != 1:
        raise Conflict


def _move_replay(raw: sqlite3.Connection, replay_id: int, replayed: Replayed) -> None:
    """Move a replay on from where the batch has begun, or raise `Conflict`."""
    row = (replayed.seq, replay_id, replayed.after_seq)
    if raw.execute(_MOVE_REPLAY, row).rowcount != 1:
        raise Conflict


def _append(raw: sqlite3.Connection, write: Write, learned: str) -> int | None:
    """Claim what was learned, keep what was predicted, write the segment; return its id."""
    state = write.state
    if write.claimed:
        claims = [(pending.prediction_id, pending.token) for pending in write.claimed]
        if raw.executemany(_CLAIM, claims).rowcount != len(claims):
            raise Conflict
    if write.predicted:
        raw.executemany(_KEEP, [_to_row(pending) for pending in write.predicted.values()])
    if not write.learns:
        return None
    first, last = write.seq + 1, write.seq + len(write.learns)
    committed_at = to_column(write.learns[-1].learned_at)
    row = (state.model_id, state.generation, first, last, learned, committed_at)
    return raw.execute(_APPEND, row).lastrowid


def _activity(write: Write) -> tuple[int, str | None, int, int]:
    """Return the parameters of `_TOUCH`."""
    predicted_at = None if write.last_predicted_at is None else to_column(write.last_predicted_at)
    return write.n_predictions, predicted_at, write.state.model_id, write.state.generation


def _to_row(pending: Pending) -> tuple[str, int, int, str, str, str, bool, str | None]:
    return (
        pending.prediction_id,
        pending.model_id,
        pending.token,
        pending.features,
        pending.prediction,
        to_column(pending.predicted_at),
        pending.is_learned,
        pending.owner,
    )


def to_column(seconds: float) -> str:
    """Return a time as Django keeps it in SQLite.

    >>> to_column(0.25), to_column(1.0)
    ('1970-01-01 00:00:00.250000', '1970-01-01 00:00:01')
    """
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{_second(whole)}.{micros:06d}" if micros else _second(whole)


@functools.lru_cache(maxsize=16)
def _second(whole: int) -> str:
    # A batch has many times of few seconds.
    return str(datetime.fromtimestamp(whole, UTC).replace(tzinfo=None))
