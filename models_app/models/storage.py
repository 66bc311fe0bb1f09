"""The engine's storage on SQLite.

The statements of the hot path go straight to `sqlite3`: the ORM costs ten times more than they do.
"""

import functools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from models_app.domain.errors import ModelNotLoadable
from models_app.domain.remarks import Remark
from models_app.engine.ports import ModelState, Pending, Segment, SnapshotData, Write
from models_app.models.commits import Outcome, Writer, raw_connection
from models_app.models.gates import Gates
from models_app.models.segments import segments_of
from models_app.models.served import ServedModel
from models_app.models.signing import read_snapshot, save_snapshot, snapshots_of
from models_app.models.snapshots import Snapshot
from models_app.models.transactions import check_files, translated_errors, unavailable, write_transaction

P = ParamSpec("P")
R = TypeVar("R")

# What one statement can name; SQLite takes 32,766 at the most.
_MAX_VARIABLES = 10_000

_FIND_STATE = """
SELECT id, name, flavor, generation, seq, is_default, predict_method
FROM models_app_servedmodel WHERE name = ?
"""
_LAST_LEARNED_AT = "SELECT last_learned_at || '' FROM models_app_servedmodel WHERE id = ?"
_DEFAULT_NAME = "SELECT name FROM models_app_servedmodel WHERE is_default"
# `|| ''` keeps Django's converter of datetimes, slower than the look-up, away from the column.
_PENDING = """
SELECT p.prediction_id, p.model_id, m.name, p.token, p.features, p.prediction, p.predicted_at || ''
FROM models_app_pendingprediction p JOIN models_app_servedmodel m ON m.id = p.model_id
WHERE p.prediction_id IN ({marks})
"""

_writer = Writer()
_gates = Gates()


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
        row = raw_connection().execute(_FIND_STATE, (name,)).fetchone()
        if row is None:
            return None
        model_id, name, flavor, generation, seq, is_default, predict_method = row
        return ModelState(
            model_id=model_id,
            name=name,
            flavor=flavor,
            generation=generation,
            seq=seq,
            is_default=bool(is_default),
            predict_method=predict_method,
        )

    @_guarded
    def last_learned_at(self, state: ModelState) -> float:
        """See the port."""
        row = raw_connection().execute(_LAST_LEARNED_AT, (state.model_id,)).fetchone()
        # The column has whole microseconds, and may have been rounded down.
        return 0.0 if row is None or row[0] is None else _seconds(row[0]) + 1e-6

    @_guarded
    def default_name(self) -> str | None:
        """See the port."""
        row = raw_connection().execute(_DEFAULT_NAME).fetchone()
        return None if row is None else str(row[0])

    @_guarded
    def recent_names(self, limit: int) -> list[str]:
        """See the port."""
        recent = ServedModel.objects.last_used_first()
        return list(recent.values_list("name", flat=True)[:limit])

    @_guarded
    def pending(self, prediction_ids: Sequence[str]) -> dict[str, Pending]:
        """See the port."""
        found: dict[str, Pending] = {}
        for start in range(0, len(prediction_ids), _MAX_VARIABLES):
            ids = prediction_ids[start : start + _MAX_VARIABLES]
            marks = ",".join("?" * len(ids))
            for row in raw_connection().execute(_PENDING.format(marks=marks), ids):
                pending = _to_pending(row)
                found[pending.prediction_id] = pending
        return found

    @_guarded
    def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """See the port."""
        return _writer.commit(writes)

    def enter_turn(self, name: str, seconds: float) -> bool:
        """See the port."""
        return _gates.enter(name, seconds)

    def leave_turn(self, name: str) -> None:
        """See the port."""
        _gates.leave(name)

    @_guarded
    def save_activity(self, write: Write) -> None:
        """See the port."""
        _writer.save_activity(write)

    @_guarded
    def add_remark(self, state: ModelState, remark: Remark) -> None:
        """See the port."""
        with write_transaction():
            model = ServedModel.objects.filter(pk=state.model_id, generation=state.generation).first()
            if model is None:
                return
            others = [other for other in model.remarks if other["code"] != remark["code"]]
            ServedModel.objects.filter(pk=model.pk).update(remarks=[*others, remark])

    @_guarded
    def probe(self) -> None:
        """Raise `StorageUnavailable` unless the disk takes what is written."""
        _writer.probe()

    @_guarded
    def check_files(self) -> None:
        """Raise `StorageUnavailable` unless the database is where it was opened."""
        check_files(connections[DEFAULT_DB_ALIAS])

    def close(self) -> None:
        """Give back the connection that all threads write through; the next commit opens another."""
        _writer.close()

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
            # The first stays as well: it is where the generation's journal can be verified from.
            first = kept.order_by("seq").values_list("seq", flat=True)[:1]
            kept.exclude(seq__in=[*first, *newest[: settings.SNAPSHOTS_KEPT]]).delete()
            ServedModel.objects.filter(pk=state.model_id).update(size_bytes=len(data.model))

    def segments(self, state: ModelState, after_seq: int) -> Iterator[Segment]:
        """See the port."""
        return segments_of(state.model_id, state.generation, after_seq=after_seq)


def _to_pending(row: tuple[str, int, str, int, str, str, str]) -> Pending:
    prediction_id, model_id, model_name, token, features, prediction, predicted_at = row
    return Pending(
        prediction_id=prediction_id,
        model_id=model_id,
        model_name=model_name,
        token=token,
        features=features,
        prediction=prediction,
        predicted_at=_seconds(predicted_at),
    )


def _seconds(column: str) -> float:
    """Undo `to_column`, up to half a microsecond."""
    return datetime.fromisoformat(column).replace(tzinfo=UTC).timestamp()
