"""Snapshots: when one pays, and taking it."""

import logging
import time
from dataclasses import dataclass

from models_app.domain.errors import ModelRaised, StorageUnavailable
from models_app.domain.set_orders import Settlement
from models_app.engine import forks
from models_app.engine.hiding import hidden
from models_app.engine.hot import HotModel
from models_app.engine.ports import ModelState, Note, Storage
from models_app.engine.repeats import Repeats

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

_MAX_REPORTED = 1_000
_reported: set[tuple[int, int, object]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPolicy:
    """Snapshots by cost.

    With a `cost_ratio` of 10 a model spends at most a tenth of its computing time on snapshots, and a
    restart replays at most ten times what a snapshot costs, or `min_seconds`, whichever is longer.
    """

    cost_ratio: float = 10.0
    min_seconds: float = 1.0

    def is_due(self, hot: HotModel) -> bool:
        """Say whether replaying the journal has become dear enough."""
        return hot.replay_seconds > max(self.cost_ratio * hot.snapshot_seconds, self.min_seconds)

    def is_due_after_failure(self, hot: HotModel) -> bool:
        """Say whether the next rebuild would be cheaper from here.

        A client that repeats a request on which the model raises makes it be rebuilt each time.
        """
        return hot.replay_seconds > hot.snapshot_seconds


def take_snapshot(storage: Storage, state: ModelState, hot: HotModel, note: Note | None = None) -> None:
    """Write a snapshot unless there is one at this seq, with a `note` of it.

    Raises `ModelRaised`, `StorageUnavailable`.
    """
    if hot.seq == hot.snapshot_seq:
        return
    storage.expect_snapshot()
    started, settlement = time.perf_counter(), Settlement()
    try:
        data = hot.snapshot(settlement)
    finally:
        forks.end_in_child()
    storage.save_snapshot(state, data, note)
    settlement.make()
    hot.snapshot_seconds = time.perf_counter() - started
    hot.snapshot_seq = hot.seq
    hot.replay_seconds = 0.0
    hot.size_bytes = len(data.model)


def try_snapshot(storage: Storage, state: ModelState, hot: HotModel) -> None:
    """Like `take_snapshot`, where failing costs time at most: the journal has everything."""
    try:
        take_snapshot(storage, state, hot)
    except StorageUnavailable as error:
        repeated.warning(str(error), "no snapshot of '%s' at seq %d: %s", state.name, hot.seq, error)
    except ModelRaised as error:
        # Its class may refuse to be pickled in this state. Asking again at every turn would be as dear.
        _report(state, hot, error)
        hot.replay_seconds = 0.0


def _report(state: ModelState, hot: HotModel, error: ModelRaised) -> None:
    """Log why a model cannot be pickled, with a traceback, once for each kind of reason."""
    reason = (state.model_id, state.generation, type(error.__cause__))
    if reason in _reported:
        return
    if len(_reported) >= _MAX_REPORTED:
        _reported.clear()
    _reported.add(reason)
    logger.warning(
        "'%s' cannot be pickled at seq %d; a restart replays its journal from seq %d",
        state.name,
        hot.seq,
        hot.snapshot_seq,
        exc_info=hidden(error, state),
    )
