"""Work for a model beside serving it: loading, snapshots, eviction, counts."""

from models_app.engine.commands import (
    Evict,
    Load,
    Maintenance,
    SnapshotThenAnswer,
    TakeDueSnapshot,
    TakeSnapshot,
)
from models_app.engine.delivery import deliver
from models_app.engine.heating import Heater
from models_app.engine.hiding import hidden
from models_app.engine.near_names import NearNames
from models_app.engine.ports import ModelState, Storage, Write
from models_app.engine.queues import ModelQueue
from models_app.engine.refusing import Refusals
from models_app.engine.snapshots import SnapshotPolicy, take_snapshot, try_snapshot


class Maintainer:
    """Serves maintenance. Any number of threads share it, each with a model of its own."""

    __slots__ = ("_heater", "_near_names", "_policy", "_refusals", "_storage")

    def __init__(
        self,
        storage: Storage,
        policy: SnapshotPolicy,
        *,
        heater: Heater,
        near_names: NearNames,
        refusals: Refusals,
    ) -> None:
        self._storage = storage
        self._policy = policy
        self._heater = heater
        self._near_names = near_names
        self._refusals = refusals

    def serve(self, queue: ModelQueue, command: Maintenance) -> None:
        """Do what a command asks, and answer it."""
        state: ModelState | None = None
        try:
            state = self._storage.find_state(queue.name)
            if state is None:
                queue.forget()
                raise self._near_names.not_found(queue.name)
            deliver([(command, self._maintain(queue, state, command), None)])
        except BaseException as error:
            self._refusals.refuse(queue, [command], hidden(error, state))

    def _maintain(self, queue: ModelQueue, state: ModelState, command: Maintenance) -> object:
        match command:
            case SnapshotThenAnswer():
                try_snapshot(self._storage, command.state, command.hot)
            case Load():
                self._heater.heat(queue, state)
            case TakeSnapshot():
                hot = self._heater.heat(queue, state)
                take_snapshot(self._storage, state, hot, command.note)
                return hot.seq
            case TakeDueSnapshot():
                self._take_due_snapshot(queue, state)
            case Evict():
                self._evict(queue, state)
            case _:
                self._save_activity(queue, state)
        return None

    def _take_due_snapshot(self, queue: ModelQueue, state: ModelState) -> None:
        queue.awaits_snapshot = False
        hot = self._heater.heat(queue, state)
        if self._policy.is_due(hot):
            try_snapshot(self._storage, state, hot)

    def is_snapshot_due(self, queue: ModelQueue) -> bool:
        """Say whether a snapshot is due, and none is awaited."""
        return queue.hot is not None and not queue.awaits_snapshot and self._policy.is_due(queue.hot)

    def _evict(self, queue: ModelQueue, state: ModelState) -> None:
        hot = queue.hot
        queue.drop_hot()
        if hot is not None and hot.is_of(state) and hot.seq == state.seq:
            try_snapshot(self._storage, state, hot)
        self._save_activity(queue, state)

    def _save_activity(self, queue: ModelQueue, state: ModelState) -> None:
        if queue.n_predictions:
            self._storage.save_activity(
                Write(
                    state=state,
                    seq=state.seq,
                    n_predictions=queue.n_predictions,
                    last_predicted_at=queue.last_predicted_at,
                )
            )
            queue.n_predictions = 0
