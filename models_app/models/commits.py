"""Group commit: what several models have to write at the same moment becomes one transaction.

A commit waits for the disk, and SQLite has one writer. Whoever gets the writer's lock takes along all that
wait for it, so that a hundred models that learn side by side share the waits as one model's requests do.
"""

import sqlite3
import threading
from datetime import UTC, datetime

from django.db import DatabaseError, connection

from models_app.domain import learns
from models_app.domain.errors import StorageUnavailable
from models_app.engine.ports import Conflict, Pending, Write
from models_app.models.transactions import unavailable, writer_lock

# Two statements, one plan each: a learn holds the seq, a prediction only the generation.
_ADVANCE = """
UPDATE models_app_servedmodel
SET seq = seq + ?, last_learned_at = ?, n_predictions = n_predictions + ?,
    last_predicted_at = coalesce(?, last_predicted_at)
WHERE id = ? AND generation = ? AND seq = ?
"""
TOUCH = """
UPDATE models_app_servedmodel
SET n_predictions = n_predictions + ?, last_predicted_at = coalesce(?, last_predicted_at)
WHERE id = ? AND generation = ?
"""
_CLAIM = "DELETE FROM models_app_pendingprediction WHERE prediction_id = ? AND token = ?"
_KEEP = """
INSERT INTO models_app_pendingprediction
    (prediction_id, model_id, token, features, prediction, predicted_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (prediction_id) DO UPDATE
SET model_id = excluded.model_id, token = excluded.token, features = excluded.features,
    prediction = excluded.prediction, predicted_at = excluded.predicted_at
"""
_APPEND = """
INSERT INTO models_app_journalsegment (model_id, generation, first_seq, last_seq, learns, committed_at)
VALUES (?, ?, ?, ?, ?, ?)
"""


class GroupCommit:
    """Commits the writes of all threads, together where they come together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Entry] = []

    def commit(self, write: Write) -> int | None:
        """Write a batch durably; return its segment's id, None without learns.

        Raises `Conflict`, `StorageUnavailable`.
        """
        # Encoded here, side by side with other models' batches, and not while all wait for this one.
        entry = _Entry(write)
        with self._lock:
            self._waiting.append(entry)
        try:
            with writer_lock():
                # Done, if who had the lock before took it along.
                if not entry.is_done.is_set():
                    _commit_together(self._take_all())
        except StorageUnavailable:
            if self._withdraw(entry):
                raise
            # It is being written right now: what comes of that counts.
            entry.is_done.wait()
        if entry.error is not None:
            raise entry.error
        return entry.segment_id

    def _take_all(self) -> "list[_Entry]":
        with self._lock:
            entries, self._waiting = self._waiting, []
        return entries

    def _withdraw(self, entry: "_Entry") -> bool:
        with self._lock:
            if entry not in self._waiting:
                return False
            self._waiting.remove(entry)
            return True


class _Entry:
    """One batch on its way into the database, and what came of it."""

    __slots__ = ("error", "is_done", "learned", "segment_id", "write")

    def __init__(self, write: Write) -> None:
        self.write = write
        self.learned = learns.encode(write.learns)
        self.segment_id: int | None = None
        self.error: Exception | None = None
        self.is_done = threading.Event()


def raw_connection() -> sqlite3.Connection:
    """Return this thread's connection of `sqlite3`."""
    connection.ensure_connection()
    raw: sqlite3.Connection = connection.connection
    return raw


def _commit_together(entries: list[_Entry]) -> None:
    try:
        _write_all(raw_connection(), entries)
    except (sqlite3.Error, DatabaseError) as error:
        for entry in entries:
            entry.error = unavailable(error)
            entry.error.__cause__ = error
    finally:
        for entry in entries:
            entry.is_done.set()


def _write_all(raw: sqlite3.Connection, entries: list[_Entry]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    try:
        for entry in entries:
            _write_one(raw, entry)
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def _write_one(raw: sqlite3.Connection, entry: _Entry) -> None:
    raw.execute("SAVEPOINT batch")
    try:
        _advance(raw, entry.write)
        entry.segment_id = _append(raw, entry.write, entry.learned)
    except Conflict as conflict:
        # The others of the group have nothing to do with it.
        raw.execute("ROLLBACK TO batch")
        entry.error = conflict
    raw.execute("RELEASE batch")


def _advance(raw: sqlite3.Connection, write: Write) -> None:
    """Move the model's row on, or raise `Conflict`."""
    if write.learns:
        learned_at = to_column(write.learns[-1].learned_at)
        n_predictions, predicted_at, model_id, generation = activity(write)
        row = (
            len(write.learns), learned_at, n_predictions, predicted_at, model_id, generation, write.state.seq,
        )  # fmt: skip
        moved = raw.execute(_ADVANCE, row)
    else:
        moved = raw.execute(TOUCH, activity(write))
    if moved.rowcount != 1:
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
    first, last = state.seq + 1, state.seq + len(write.learns)
    committed_at = to_column(write.learns[-1].learned_at)
    row = (state.model_id, state.generation, first, last, learned, committed_at)
    return raw.execute(_APPEND, row).lastrowid


def activity(write: Write) -> tuple[int, str | None, int, int]:
    """Return the parameters of `TOUCH`."""
    predicted_at = None if write.last_predicted_at is None else to_column(write.last_predicted_at)
    return write.n_predictions, predicted_at, write.state.model_id, write.state.generation


def _to_row(pending: Pending) -> tuple[str, int, int, str, str, str]:
    return (
        pending.prediction_id,
        pending.model_id,
        pending.token,
        pending.features,
        pending.prediction,
        to_column(pending.predicted_at),
    )


def to_column(seconds: float) -> str:
    """Return a time as Django keeps it in SQLite."""
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))
