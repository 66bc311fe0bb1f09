"""A turn: one thread serves one model for a moment."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from models_app.domain.errors import (
    ChantillyError,
    ModelNotFound,
    ModelNotLoadable,
    StorageUnavailable,
)
from models_app.engine.batches import Batch
from models_app.engine.commands import (
    Command,
    Evict,
    LearnById,
    Load,
    Maintenance,
    TakeSnapshot,
    deliver,
)
from models_app.engine.hot import HotModel
from models_app.engine.ports import Conflict, ModelState, Observer, Pending, Storage, Write
from models_app.engine.queues import ModelQueue
from models_app.engine.recovery import catch_up, recover
from models_app.engine.snapshots import SnapshotPolicy, take_snapshot, try_snapshot
from models_app.engine.timings import TimingsByModel

logger = logging.getLogger(__name__)

# Each redo means that another process got through; more than a few in a row mean a broken database.
_MAX_ATTEMPTS = 200
# Who has learned more than that beside this process has most likely left a snapshot, too.
_MAX_CATCH_UP = 1_000


class Router(Protocol):
    """Where commands go whose model was guessed wrong."""

    def route_again(self, command: Command, name: str | None) -> None:
        """Send a command to the model called `name`; None: find out which it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Serves queues, one batch a call. Has no state of its own: any number of threads share it."""

    storage: Storage
    observer: Observer
    router: Router
    policy: SnapshotPolicy
    batch_seconds: float
    timings: TimingsByModel

    def serve(self, queue: ModelQueue, commands: list[Command]) -> Sequence[Command]:
        """Apply a batch, make it durable and answer it; return the commands that are left for the next.

        Every command that is not returned has been answered or routed again, whatever happened.
        """
        if commands and isinstance(commands[0], Maintenance):
            return self._serve_maintenance(queue, commands[0])
        try:
            for _ in range(_MAX_ATTEMPTS):
                state = self.storage.find_state(queue.name)
                commands = self._keep_ours(queue, commands, state)
                if state is None or not commands:
                    return ()
                try:
                    return self._serve_batch(queue, state, commands)
                except Conflict:
                    # What was computed never happened; what others wrote comes with the next look.
                    continue
                except ModelNotLoadable:
                    if self._is_served(state):
                        raise
                    # Replaced or deleted while it was being loaded: its rows went away under the reader.
            raise StorageUnavailable("The database changed too often while the request was served.")
        except Exception as error:
            # The database cannot be written, or the model cannot be loaded: nobody in the batch is served.
            _refuse(queue, commands, error)
        return ()

    def _is_served(self, state: ModelState) -> bool:
        now = self.storage.find_state(state.name)
        return now is not None and (now.model_id, now.generation) == (state.model_id, state.generation)

    def _keep_ours(
        self, queue: ModelQueue, commands: list[Command], state: ModelState | None
    ) -> list[Command]:
        """Return the commands that are meant for this model; answer or send away the others."""
        ours: list[Command] = []
        for command in commands:
            by_id = isinstance(command, LearnById)
            if state is not None and (command.names_model or by_id or state.is_default):
                ours.append(command)
            elif command.names_model and not by_id:
                deliver([(command, None, ModelNotFound(queue.name))])
            else:
                self.router.route_again(command, None)
        if state is None:
            queue.forget()
        return ours

    def _serve_batch(
        self, queue: ModelQueue, state: ModelState, commands: list[Command]
    ) -> Sequence[Command]:
        hot = self._hot(queue, state)
        # Others may have committed between the look at the row and at the journal: the journal counts.
        state = replace(state, seq=max(state.seq, hot.seq))
        # Until the commit is through, what is in memory may be ahead of the journal.
        queue.drop_hot()
        batch = Batch(state, hot, self._pending(commands), wants_events=self.observer.wants_events())
        started_at = time.perf_counter()
        n_applied = batch.apply(commands, started_at + self.batch_seconds)
        computed_at = time.perf_counter()
        if not batch.write.learns and not batch.spoiled:
            queue.hot = hot
        segment_id = self._commit(queue, batch.write)
        timings = self.timings.of(queue.name)
        for command in commands[:n_applied]:
            timings.wait.record(started_at - command.queued_at)
        timings.compute.record(computed_at - started_at)
        if batch.write.is_needed:
            timings.commit.record(time.perf_counter() - computed_at)
        if batch.spoiled:
            queue.rebuilds_after_failure = True
        else:
            queue.hot = hot
        deliver(batch.answers)
        for command, name in batch.misrouted:
            self.router.route_again(command, name)
        if batch.scored or batch.events:
            self._tell(segment_id, batch)
        if queue.hot is not None and self.policy.is_due(hot):
            try_snapshot(self.storage, state, hot)
        return commands[n_applied:]

    def _hot(self, queue: ModelQueue, state: ModelState) -> HotModel:
        """Return the model as of `state`, loaded, caught up or rebuilt as needed."""
        hot = queue.hot
        if hot is not None and hot.is_of(state) and hot.seq == state.seq:
            return hot
        queue.drop_hot()
        if hot is not None and hot.is_of(state) and 0 < state.seq - hot.seq <= _MAX_CATCH_UP:
            catch_up(self.storage, state, hot)
        else:
            hot = recover(self.storage, state)
            if queue.rebuilds_after_failure and self.policy.is_due_after_failure(hot):
                try_snapshot(self.storage, state, hot)
        queue.rebuilds_after_failure = False
        queue.hot = hot
        return hot

    def _pending(self, commands: list[Command]) -> dict[str, Pending]:
        ids = {command.prediction_id for command in commands if isinstance(command, LearnById)}
        return self.storage.pending(list(ids)) if ids else {}

    def _commit(self, queue: ModelQueue, write: Write) -> int | None:
        write.n_predictions += queue.n_predictions
        write.last_predicted_at = write.last_predicted_at or queue.last_predicted_at
        if not write.is_needed:
            queue.n_predictions = write.n_predictions
            queue.last_predicted_at = write.last_predicted_at
            return None
        segment_id = self.storage.commit(write)
        queue.n_predictions = 0
        return segment_id

    def _tell(self, segment_id: int | None, batch: Batch) -> None:
        try:
            self.observer.committed(segment_id, batch.scored, batch.events)
        except Exception:
            # The work is done and durable; a listener cannot undo it.
            logger.exception("an observer failed")

    def _serve_maintenance(self, queue: ModelQueue, command: Maintenance) -> Sequence[Command]:
        try:
            state = self.storage.find_state(queue.name)
            if state is None:
                queue.forget()
                raise ModelNotFound(queue.name)
            deliver([(command, self._maintain(queue, state, command), None)])
        except Exception as error:
            _refuse(queue, [command], error)
        return ()

    def _maintain(self, queue: ModelQueue, state: ModelState, command: Maintenance) -> object:
        match command:
            case Load():
                self._hot(queue, state)
            case TakeSnapshot():
                hot = self._hot(queue, state)
                take_snapshot(self.storage, state, hot)
                return hot.seq
            case Evict():
                self._evict(queue, state)
            case _:
                self._save_activity(queue, state)
        return None

    def _evict(self, queue: ModelQueue, state: ModelState) -> None:
        hot = queue.hot
        queue.drop_hot()
        if hot is not None and hot.is_of(state) and hot.seq == state.seq:
            try_snapshot(self.storage, state, hot)
        self._save_activity(queue, state)

    def _save_activity(self, queue: ModelQueue, state: ModelState) -> None:
        if queue.n_predictions:
            self.storage.save_activity(
                Write(
                    state=state,
                    n_predictions=queue.n_predictions,
                    last_predicted_at=queue.last_predicted_at,
                )
            )
            queue.n_predictions = 0


def _refuse(queue: ModelQueue, commands: Sequence[Command], error: Exception) -> None:
    if isinstance(error, ChantillyError):
        logger.warning("'%s' could not serve %d requests: %s", queue.name, len(commands), error)
    else:
        logger.error("'%s' could not serve %d requests", queue.name, len(commands), exc_info=error)
    deliver([(command, None, error) for command in commands])
