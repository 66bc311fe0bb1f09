"""Having a model in memory as the database has it: loaded, caught up or rebuilt."""

import gc
import time
from collections.abc import Sequence

from models_app.engine.commands import Command
from models_app.engine.contention import Contention
from models_app.engine.hot import HotModel
from models_app.engine.ports import ModelState, Storage
from models_app.engine.precautions import Precautions
from models_app.engine.queues import ModelQueue
from models_app.engine.recovery import catch_up, recover
from models_app.engine.snapshots import SnapshotPolicy, try_snapshot
from models_app.engine.visits import Visit, VisitRefused

# Who has learned more than that beside this process may have left a snapshot, too.
_MAX_CATCH_UP = 1_000


class Heater:
    """Makes models hot. Any number of threads share it, each with a model of its own."""

    __slots__ = ("_contention", "_policy", "_precautions", "_storage")

    def __init__(
        self, storage: Storage, policy: SnapshotPolicy, contention: Contention, precautions: Precautions
    ) -> None:
        self._storage = storage
        self._policy = policy
        self._contention = contention
        self._precautions = precautions

    def heat(self, queue: ModelQueue, state: ModelState, commands: Sequence[Command] = ()) -> HotModel:
        """Make the model hot as of `state` and return it, loaded, caught up or rebuilt as needed.

        It may be ahead: others may have committed between the look at the row and at the journal.
        """
        hot = queue.hot
        queue.state = state
        if hot is not None and hot.is_of(state) and hot.seq == state.seq:
            return hot
        queue.drop_hot()
        visit = queue.visit = Visit(commands, time.perf_counter(), is_long=True)
        try:
            hot = self._heated(queue, state, hot, visit)
        finally:
            if not visit.end() and commands:
                # Whatever has come of it: the commands are answered.
                raise VisitRefused
        return hot

    def _heated(self, queue: ModelQueue, state: ModelState, hot: HotModel | None, visit: Visit) -> HotModel:
        if hot is not None and hot.is_of(state) and self._is_near(hot, state):
            if queue.contended_until:
                # They go on.
                self._contention.note(queue)
            catch_up(self._storage, state, hot, visit.goes_on)
        else:
            self._precautions.check(state)
            try:
                hot = recover(self._storage, state, visit.goes_on)
            except MemoryError:
                # The model that has taken it all is garbage by now, kept by the traceback of its failure.
                gc.collect()
                hot = recover(self._storage, state, visit.goes_on)
            if queue.undoes_predictions:
                hot.undo_predictions()
            if queue.rebuilds_after_failure and self._policy.is_due_after_failure(hot):
                try_snapshot(self._storage, state, hot)
        queue.rebuilds_after_failure = False
        queue.hot = hot
        return hot

    def _is_near(self, hot: HotModel, state: ModelState) -> bool:
        """Say whether to replay what others have learned is cheaper than to begin with their snapshot."""
        n_behind = state.seq - hot.seq
        if n_behind <= _MAX_CATCH_UP:
            return n_behind > 0
        n_known = hot.seq - hot.snapshot_seq
        # They take no snapshot before that.
        return n_known > 0 and hot.replay_seconds / n_known * n_behind < self._policy.min_seconds
