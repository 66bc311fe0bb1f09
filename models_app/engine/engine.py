"""The engine: queues of models, a small pool of threads that serves them, and their start and stop."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from models_app.domain.errors import ServerStopping
from models_app.engine.commands import Command, Evict, Load, Maintenance, SaveActivity, TakeSnapshot, deliver
from models_app.engine.memory import HotSet, MemoryLimits
from models_app.engine.ports import Observer, Storage
from models_app.engine.queues import ModelQueue
from models_app.engine.routing import Directory, look_up
from models_app.engine.snapshots import SnapshotPolicy
from models_app.engine.timings import Timings, TimingsByModel
from models_app.engine.turns import Turns

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.01
# A tree that splits on a growing number (a time, a counter) keeps it in a chain some thousand links long, and
# pickling takes several calls a link. The limit holds for all threads: at 40,000, JSON nested that deeply
# would overflow the 8 MB that the others have.
_RECURSION_LIMIT = 15_000
# Of address space; memory is taken as it is used.
_STACK_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How the engine works.

    A turn ends after `batch_size` commands or `turn_seconds`, whichever comes first, so that a slow model
    gives its thread back to the others.
    """

    threads: int = 8
    batch_size: int = 512
    turn_seconds: float = 0.02
    memory: MemoryLimits = field(default_factory=MemoryLimits)
    snapshots: SnapshotPolicy = field(default_factory=SnapshotPolicy)


class Engine:
    """Serves commands: those of one model in order and one at a time, those of different models side by side.

    `leave_thread` runs in each engine thread after its last turn.
    """

    def __init__(
        self,
        storage: Storage,
        observer: Observer,
        options: EngineOptions,
        *,
        leave_thread: Callable[[], None] = lambda: None,
    ) -> None:
        self._storage = storage
        self._options = options
        self._leave_thread = leave_thread
        self._timings = TimingsByModel()
        self._turns = Turns(
            storage=storage,
            observer=observer,
            router=self,
            policy=options.snapshots,
            batch_seconds=options.turn_seconds,
            timings=self._timings,
        )
        self._lock = threading.Lock()
        self._queues: dict[str, ModelQueue] = {}
        self._unrouted = ModelQueue("")
        self._directory = Directory()
        self._hot_set = HotSet(options.memory)
        self._ready: SimpleQueue[ModelQueue | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._accepts = False
        self._has_ended = False

    @property
    def is_running(self) -> bool:
        """Say whether commands are accepted and every thread is alive."""
        return self._accepts and all(thread.is_alive() for thread in self._threads)

    @property
    def n_hot(self) -> int:
        """The number of hot models."""
        return len(self._hot_set)

    def timings(self) -> dict[str, Timings]:
        """Return, by model, how long requests waited and how long computing and committing took."""
        return self._timings.report()

    def start(self) -> None:
        """Start the threads."""
        self._accepts = True
        sys.setrecursionlimit(max(_RECURSION_LIMIT, sys.getrecursionlimit()))
        previous = threading.stack_size(_STACK_BYTES)
        try:
            for number in range(self._options.threads):
                thread = threading.Thread(target=self._work, name=f"engine-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
        finally:
            threading.stack_size(previous)

    def preload(self) -> None:
        """Make the models used last hot, in the background. Raises `StorageUnavailable`."""
        for name in reversed(self._storage.recent_names(self._options.memory.max_models)):
            self.submit(Load(name))

    def submit(self, command: Command) -> None:
        """Put a command in its model's queue. Raises `ServerStopping`."""
        with self._lock:
            if not self._accepts:
                raise ServerStopping
            self._dispatch(command)

    def submit_many(self, commands: Iterable[Command]) -> None:
        """Put commands in their models' queues, in their order. Raises `ServerStopping`; then none is."""
        with self._lock:
            if not self._accepts:
                raise ServerStopping
            for command in commands:
                self._dispatch(command)

    def call(self, command: Command, *, seconds: float | None = None) -> Any:
        """Submit a command and wait for its answer in this thread; raises what the command raises."""
        future = command.answered_in_thread()
        self.submit(command)
        return future.result(timeout=seconds)

    def route_again(self, command: Command, name: str | None) -> None:
        """Send a command to the model called `name`; None: find out in the database."""
        command.was_misrouted = True
        with self._lock:
            self._enqueue(command, name)

    def forget_default(self) -> None:
        """Look the default model up anew: it may be another one."""
        with self._lock:
            self._directory.default_name = None

    def save_activity(self) -> None:
        """Have the counts written that are in memory only."""
        with self._lock:
            names = [queue.name for queue in self._hot_set if queue.n_predictions]
            for name in names:
                self._enqueue(SaveActivity(name), name)

    def stop(self, *, seconds: float) -> None:
        """Finish what was accepted, take snapshots, end the threads; all of it within `seconds`.

        What does not get done in time costs a longer replay at the next start, nothing else.
        """
        deadline = time.monotonic() + seconds
        with self._lock:
            self._accepts = False
        # A model that never ends must not take the time of the others' snapshots.
        self._wait_until_idle(time.monotonic() + seconds / 2)
        self._enqueue_last_snapshots()
        self._wait_until_idle(deadline)
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        self._refuse_the_rest()

    def _dispatch(self, command: Command) -> None:
        # While some wait to be routed, nobody overtakes them: they may be of the same stream.
        waits = self._unrouted.scheduled
        self._enqueue(command, None if waits else self._directory.guess(command))

    def _enqueue(self, command: Command, name: str | None) -> None:
        queue = self._unrouted
        if name is not None:
            queue = self._queues.get(name) or self._queues.setdefault(name, ModelQueue(name))
        command.queued_at = time.perf_counter()
        queue.commands.append(command)
        if not queue.scheduled:
            queue.scheduled = True
            self._ready.put(queue)

    def _work(self) -> None:
        try:
            while (queue := self._ready.get()) is not None:
                self._take_turn(queue)
        finally:
            self._leave_thread()

    def _take_turn(self, queue: ModelQueue) -> None:
        with self._lock:
            commands = queue.take(self._options.batch_size)
        if queue is self._unrouted:
            self._route(commands)
            left: list[Command] = []
        else:
            left = list(self._turns.serve(queue, commands))
        with self._lock:
            queue.put_back(left)
            if self._has_ended:
                # The last look at what is left was before this turn's end.
                self._refuse(queue)
            self._hot_set.used(queue)
            for surplus in self._hot_set.surplus():
                self._enqueue(Evict(surplus.name), surplus.name)
            self._schedule_or_retire(queue)

    def _schedule_or_retire(self, queue: ModelQueue) -> None:
        if queue.commands:
            self._ready.put(queue)
            return
        queue.scheduled = False
        if queue.knows_nothing:
            # Names that nobody has would pile up otherwise.
            self._queues.pop(queue.name, None)

    def _route(self, commands: list[Command]) -> None:
        try:
            found = look_up(self._storage, commands)
        except Exception as error:
            logger.warning("%d requests could not be routed: %s", len(commands), error)
            deliver([(command, None, error) for command in commands])
            return
        with self._lock:
            placed, refused = self._directory.place(commands, found)
            for command, name in placed:
                self._enqueue(command, name)
        deliver(refused)

    def _enqueue_last_snapshots(self) -> None:
        with self._lock:
            # The dearest to replay first, in case the time does not suffice for all.
            queues = sorted(self._hot_set, key=_replay_seconds, reverse=True)
            for queue in queues:
                self._enqueue(SaveActivity(queue.name), queue.name)
                self._enqueue(TakeSnapshot(queue.name), queue.name)

    def _wait_until_idle(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            with self._lock:
                if not self._unrouted.scheduled and not any(q.scheduled for q in self._queues.values()):
                    return
            time.sleep(_POLL_SECONDS)

    def _refuse_the_rest(self) -> None:
        with self._lock:
            self._has_ended = True
            for queue in [self._unrouted, *self._queues.values()]:
                self._refuse(queue)

    def _refuse(self, queue: ModelQueue) -> None:
        """Refuse what waits in a queue; for use under the lock."""
        commands = list(queue.commands)
        queue.commands.clear()
        n_requests = sum(not isinstance(command, Maintenance) for command in commands)
        if n_requests:
            logger.warning("%d requests to '%s' were refused: the server stops", n_requests, queue.name)
        deliver([(command, None, ServerStopping()) for command in commands])


def _replay_seconds(queue: ModelQueue) -> float:
    return queue.hot.replay_seconds if queue.hot is not None else 0.0
