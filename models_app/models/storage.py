"""The engine's storage on SQLite.

The statements of the hot path go straight to `sqlite3`: the ORM costs ten times more than they do.
"""

import functools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models.functions import Coalesce
from django.utils import timezone

from models_app.domain import learns
from models_app.domain.blobs import Signer, Versions, compress, decompress, sha256
from models_app.domain.errors import ModelNotLoadable
from models_app.engine.ports import Conflict, ModelState, Pending, Segment, SnapshotData, Write
from models_app.models.served import ServedModel
from models_app.models.snapshots import Snapshot, SnapshotQuerySet
from models_app.models.transactions import translated_errors, unavailable, write_transaction, writer_lock

P = ParamSpec("P")
R = TypeVar("R")

# What one statement can name; SQLite takes 32,766 at the most.
_MAX_VARIABLES = 10_000

_FIND_STATE = """
SELECT id, name, flavor, generation, seq, is_default FROM models_app_servedmodel WHERE name = ?
"""
_DEFAULT_NAME = "SELECT name FROM models_app_servedmodel WHERE is_default"
# `|| ''` keeps Django's converter of datetimes, slower than the look-up, away from the column.
_PENDING = """
SELECT p.prediction_id, p.model_id, m.name, p.token, p.features, p.prediction, p.predicted_at || ''
FROM models_app_pendingprediction p JOIN models_app_servedmodel m ON m.id = p.model_id
WHERE p.prediction_id IN ({marks})
"""
# Two statements, one plan each: a learn holds the seq, a prediction only the generation.
_ADVANCE = """
UPDATE models_app_servedmodel
SET seq = seq + ?, last_learned_at = ?, n_predictions = n_predictions + ?,
    last_predicted_at = coalesce(?, last_predicted_at)
WHERE id = ? AND generation = ? AND seq = ?
"""
_TOUCH = """
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
_SEGMENTS = """
SELECT id, first_seq, last_seq, learns FROM models_app_journalsegment
WHERE model_id = ? AND generation = ? AND first_seq > ?
ORDER BY first_seq LIMIT ?
"""
_SEGMENTS_AT_A_TIME = 256


def signer() -> Signer:
    """Return what signs this instance's blobs."""
    return Signer([settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)])


def snapshot_context(model_id: int, generation: int, seq: int) -> str:
    """Return what a snapshot's signature binds its bytes to."""
    return f"snapshot {seq} of model {model_id}, generation {generation}"


def snapshots_of(state: ModelState) -> SnapshotQuerySet:
    """Return the snapshots of a model's generation."""
    return Snapshot.objects.filter(model_id=state.model_id, generation=state.generation)


def save_snapshot(state: ModelState, data: SnapshotData) -> None:
    """Insert a snapshot's row, signed; to be called within a transaction."""
    model_bytes = compress(data.model)
    versions = Versions.current()
    context = snapshot_context(state.model_id, state.generation, data.seq)
    Snapshot.objects.create(
        model_id=state.model_id,
        generation=state.generation,
        seq=data.seq,
        model_bytes=model_bytes,
        metrics_bytes=data.metrics,
        signature=signer().sign(context, model_bytes, data.metrics),
        size_bytes=len(data.model),
        sha256=sha256(data.model),
        river_version=versions.river,
        python_version=versions.python,
        numpy_version=versions.numpy,
        metric_values=data.values,
        taken_at=timezone.now(),
    )


def read_snapshot(snapshot: Snapshot) -> SnapshotData:
    """Check a snapshot's versions and signature and return its bytes; raises `ModelNotLoadable`."""
    stored = Versions(
        river=snapshot.river_version, python=snapshot.python_version, numpy=snapshot.numpy_version
    )
    mismatch = Versions.current().mismatch(stored)
    if mismatch is not None:
        raise ModelNotLoadable(
            f"The snapshot at seq {snapshot.seq} was taken under {mismatch}; pickles do not load across "
            "these versions. Go back to them, or upload a model made under these."
        )
    context = snapshot_context(snapshot.model_id, snapshot.generation, snapshot.seq)
    model_bytes, metrics_bytes = bytes(snapshot.model_bytes), bytes(snapshot.metrics_bytes)
    signer().check(context, snapshot.signature, model_bytes, metrics_bytes)
    return SnapshotData(seq=snapshot.seq, model=decompress(model_bytes), metrics=metrics_bytes)


def _guarded(
    method: "Callable[Concatenate[SqliteStorage, P], R]",
) -> "Callable[Concatenate[SqliteStorage, P], R]":
    """Turn the errors of `sqlite3` into `StorageUnavailable`."""

    @functools.wraps(method)
    def guarded(self: "SqliteStorage", *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with translated_errors():
                return method(self, *args, **kwargs)
        except sqlite3.Error as error:
            raise unavailable(error) from error

    return guarded  # type: ignore[return-value]  # `wraps` forgets how methods bind


class SqliteStorage:
    """Implements `engine.ports.Storage`. Each thread works on its own connection of Django's."""

    @_guarded
    def find_state(self, name: str) -> ModelState | None:
        """See the port."""
        row = _raw().execute(_FIND_STATE, (name,)).fetchone()
        if row is None:
            return None
        model_id, name, flavor, generation, seq, is_default = row
        return ModelState(
            model_id=model_id,
            name=name,
            flavor=flavor,
            generation=generation,
            seq=seq,
            is_default=bool(is_default),
        )

    @_guarded
    def default_name(self) -> str | None:
        """See the port."""
        row = _raw().execute(_DEFAULT_NAME).fetchone()
        return None if row is None else str(row[0])

    @_guarded
    def recent_names(self, limit: int) -> list[str]:
        """See the port."""
        used_at = Coalesce("last_learned_at", "last_predicted_at", "uploaded_at")
        recent = ServedModel.objects.order_by(used_at.desc(), "-pk")
        return list(recent.values_list("name", flat=True)[:limit])

    @_guarded
    def pending(self, prediction_ids: Sequence[str]) -> dict[str, Pending]:
        """See the port."""
        found: dict[str, Pending] = {}
        for start in range(0, len(prediction_ids), _MAX_VARIABLES):
            ids = prediction_ids[start : start + _MAX_VARIABLES]
            marks = ",".join("?" * len(ids))
            for row in _raw().execute(_PENDING.format(marks=marks), ids):
                pending = _to_pending(row)
                found[pending.prediction_id] = pending
        return found

    @_guarded
    def commit(self, write: Write) -> int | None:
        """See the port."""
        # Encoded before the lock is taken: other models wait for it.
        learned = learns.encode(write.learns)
        with writer_lock():
            raw = _raw()
            raw.execute("BEGIN IMMEDIATE")
            try:
                _advance(raw, write)
                segment_id = _append(raw, write, learned)
                raw.execute("COMMIT")
            except BaseException:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
                raise
        return segment_id

    @_guarded
    def save_activity(self, write: Write) -> None:
        """See the port."""
        with writer_lock():
            _raw().execute(_TOUCH, _activity(write))

    def snapshots(self, state: ModelState) -> Iterator[SnapshotData]:
        """See the port."""
        failure: ModelNotLoadable | None = None
        for seq in self._snapshot_seqs(state):
            snapshot = self._snapshot(state, seq)
            # One that was pruned meanwhile is no loss: there is a newer one.
            if snapshot is None:
                continue
            try:
                yield read_snapshot(snapshot)
            except ModelNotLoadable as error:
                failure = failure or error
        if failure is not None:
            raise failure

    @_guarded
    def _snapshot_seqs(self, state: ModelState) -> list[int]:
        return list(snapshots_of(state).order_by("-seq").values_list("seq", flat=True))

    @_guarded
    def _snapshot(self, state: ModelState, seq: int) -> Snapshot | None:
        return snapshots_of(state).filter(seq=seq).first()

    @_guarded
    def save_snapshot(self, state: ModelState, data: SnapshotData) -> None:
        """See the port."""
        kept = snapshots_of(state)
        with write_transaction():
            if not ServedModel.objects.filter(pk=state.model_id, generation=state.generation).exists():
                return
            kept.filter(seq=data.seq).delete()
            save_snapshot(state, data)
            newest = kept.order_by("-seq").values_list("seq", flat=True)
            # The first stays as well: it is where the whole journal can be verified from.
            kept.exclude(seq__in=[0, *newest[: settings.SNAPSHOTS_KEPT]]).delete()
            ServedModel.objects.filter(pk=state.model_id).update(size_bytes=len(data.model))

    def segments(self, state: ModelState, after_seq: int) -> Iterator[Segment]:
        """See the port."""
        while rows := self._segment_rows(state, after_seq):
            for segment_id, first_seq, last_seq, learned in rows:
                yield Segment(
                    segment_id=segment_id,
                    first_seq=first_seq,
                    last_seq=last_seq,
                    learns=learns.decode(learned),
                )
            after_seq = rows[-1][2]

    @_guarded
    def _segment_rows(self, state: ModelState, after_seq: int) -> list[tuple[int, int, int, str]]:
        # Some at a time: a cursor left open would keep SQLite from folding its log into the database.
        some = (state.model_id, state.generation, after_seq, _SEGMENTS_AT_A_TIME)
        return _raw().execute(_SEGMENTS, some).fetchall()


def _raw() -> sqlite3.Connection:
    connection.ensure_connection()
    raw: sqlite3.Connection = connection.connection
    return raw


def _advance(raw: sqlite3.Connection, write: Write) -> None:
    """Move the model's row on, or raise `Conflict`."""
    if write.learns:
        learned_at = _to_column(write.learns[-1].learned_at)
        n_predictions, predicted_at, model_id, generation = _activity(write)
        row = (
            len(write.learns), learned_at, n_predictions, predicted_at, model_id, generation, write.state.seq,
        )  # fmt: skip
        moved = raw.execute(_ADVANCE, row)
    else:
        moved = raw.execute(_TOUCH, _activity(write))
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
    committed_at = _to_column(write.learns[-1].learned_at)
    row = (state.model_id, state.generation, first, last, learned, committed_at)
    return raw.execute(_APPEND, row).lastrowid


def _activity(write: Write) -> tuple[int, str | None, int, int]:
    predicted_at = None if write.last_predicted_at is None else _to_column(write.last_predicted_at)
    return write.n_predictions, predicted_at, write.state.model_id, write.state.generation


def _to_row(pending: Pending) -> tuple[str, int, int, str, str, str]:
    return (
        pending.prediction_id,
        pending.model_id,
        pending.token,
        pending.features,
        pending.prediction,
        _to_column(pending.predicted_at),
    )


def _to_pending(row: tuple[str, int, str, int, str, str, str]) -> Pending:
    prediction_id, model_id, model_name, token, features, prediction, predicted_at = row
    return Pending(
        prediction_id=prediction_id,
        model_id=model_id,
        model_name=model_name,
        token=token,
        features=features,
        prediction=prediction,
        predicted_at=datetime.fromisoformat(predicted_at).replace(tzinfo=UTC).timestamp(),
    )


def _to_column(seconds: float) -> str:
    """Return a time as Django keeps it in SQLite."""
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))
