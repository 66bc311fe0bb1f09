"""The engine: queues of models, a small pool of threads that serves them, and their start and stop."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models_app.domain.errors import ModelBusy, ServerStopping
from models_app.engine import forks
from models_app.engine.commands import (
    Command,
    Evict,
    LearnFeatures,
    Load,
    Maintenance,
    SaveActivity,
    TakeDueSnapshot,
    TakeSnapshot,
)
from models_app.engine.committing import Committer
from models_app.engine.contention import Contention
from models_app.engine.contracts import Contracts
from models_app.engine.delivery import deliver
from models_app.engine.engine_options import EngineOptions
from models_app.engine.heating import Heater
from models_app.engine.maintenance import Maintainer
from models_app.engine.memory import HotSet
from models_app.engine.near_names import NearNames
from models_app.engine.ports import CommitListener, Storage
from models_app.engine.precautions import Precautions
from models_app.engine.queues import ModelQueue
from models_app.engine.refusing import Refusals
from models_app.engine.repeats import Repeats
from models_app.engine.routing import Directory, Misplaced, look_up
from models_app.engine.supervising import Supervisor
from models_app.engine.timings import Timings, TimingsByModel
from models_app.engine.turn import Outcome, Turn
from models_app.engine.turns import Turns
from models_app.engine.watching import Watchdog
from models_app.engine.workers import Workers

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

_POLL_SECONDS = 0.01
# How often it is looked for models that do not come back while the server stops.
_HURRY_SECONDS = 0.05


class Engine:
    """Serves commands: those of one model in order and one at a time, those of different models side by side.

    `leave_thread` runs in each engine thread after its last turn.
    """

    def __init__(  # noqa: PLR0913  # what it is wired to, and whose models are its own
        self,
        storage: Storage,
        listener: CommitListener,
        options: EngineOptions,
        *,
        leave_thread: Callable[[], None] = lambda: None,
        contracts: Contracts | None = None,
        owns: Callable[[str], bool] | None = None,
        precautions: Precautions | None = None,
    ) -> None:
        """`owns` says of a model's name whether it is served here; a command for another is `Misplaced`."""
        self._storage = storage
        self._owns = owns
        self._options = options
        self._timings = TimingsByModel()
        self._refusals = Refusals(self._timings)
        contention = Contention(storage, options.turn_seconds)
        self._precautions = precautions or Precautions()
        heater = Heater(storage, options.snapshots, contention, self._precautions)
        near_names = NearNames(storage.recent_names)
        self._maintainer = Maintainer(
            storage, options.snapshots, heater=heater, near_names=near_names, refusals=self._refusals
        )
        self._turns = Turns(
            storage=storage,
            listener=listener,
            router=self,
            timings=self._timings,
            near_names=near_names,
            contention=contention,
            heater=heater,
            maintainer=self._maintainer,
            refusals=self._refusals,
            contracts=contracts or Contracts(),
        )
        self._lock = threading.Lock()
        self._queues: dict[str, ModelQueue] = {}
        self._unrouted = ModelQueue("")
        self._directory = Directory()
        self._hot_set = HotSet(options.memory)
        self._committer = Committer(storage, finish=self._finish)
        self._supervisor = Supervisor(self._look_after, leave=leave_thread)
        self._leave_thread = leave_thread
        self._workers = Workers(
            serve=self._take_turn,
            settle=self._committer.commit,
            leave=self._leave,
            alarm=self._supervisor.alarm,
        )
        self._watchdog = Watchdog(self._lock, self._workers.serving, self._refusals.note)
        self._accepts = False
        self._has_ended = False

    @property
    def is_running(self) -> bool:
        """Say whether commands are accepted and every thread is alive."""
        return self._accepts and self._workers.are_alive

    @property
    def n_hot(self) -> int:
        """The number of hot models."""
        return len(self._hot_set)

    def hot_names(self) -> set[str]:
        """Return the names of the hot models."""
        with self._lock:
            return {queue.name for queue in self._hot_set}

    def timings(self) -> dict[str, Timings]:
        """Return, by model, how long requests waited and how long computing and committing took."""
        return self._timings.report()

    def find_timings(self, name: str, model_id: int, generation: int) -> Timings | None:
        """Return those of one upload; None: it has not been served."""
        return self._timings.find(name, model_id, generation)

    def start(self) -> None:
        """Start the threads."""
        self._accepts = True
        forks.own()
        self._workers.start(self._options.threads)
        self._supervisor.start()

    def watch_models(self, seconds: float) -> None:
        """Refuse from now on who has waited so many seconds for a model that does not come back."""
        self._watchdog.refuse_after(seconds)
        self._supervisor.look_every(min(1.0, seconds / 4))

    def hurry(self, *, seconds: float) -> None:
        """Refuse from now on who waits for a model that is not quick, and in `seconds` whoever waits.

        For a server that is about to stop; `stop` has to be called still.
        """
        self._watchdog.hurry(time.perf_counter() + seconds)
        self._supervisor.look_every(_HURRY_SECONDS)

    def busy_models(self) -> dict[str, float]:
        """Return for how many seconds models have been busy with what they do now, from one second on."""
        return self._watchdog.busy()

    def preload(self) -> None:
        """Make the models used last hot, in the background. Raises `StorageUnavailable`."""
        for name in reversed(self._storage.recent_names(self._options.memory.max_models)):
            if self._owns is None or self._owns(name):
                self.submit(Load(name))

    def submit(self, command: Command) -> None:
        """Put a command in its model's queue. Raises `ServerStopping`."""
        with self._lock:
            if not self._accepts:
                raise ServerStopping
            self._dispatch(command, time.perf_counter())

    def submit_many(self, commands: Iterable[Command]) -> None:
        """Put commands in their models' queues, in their order. Raises `ServerStopping`; then none is."""
        with self._lock:
            if not self._accepts:
                raise ServerStopping
            now = time.perf_counter()
            queue: ModelQueue | None = None
            name: str | None = None
            for command in commands:
                if queue is not None and type(command) is LearnFeatures and command.name == name:
                    # Where the one before it went: nothing else says where it belongs.
                    command.queued_at = now
                    queue.add(command)
                else:
                    went_to = self._dispatch(command, now)
                    queue = went_to if type(command) is LearnFeatures else None
                    name = command.name

    def submit_to(self, name: str, commands: Sequence[Command]) -> None:
        """Put commands in one model's queue, in their order, by what the caller knows.

        Raises `ServerStopping`; then none is.
        """
        with self._lock:
            if not self._accepts:
                raise ServerStopping
            now = time.perf_counter()
            for command in commands:
                command.queued_at = now
                self._directory.note(command, name)
                self._enqueue(command, name)

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

    def forget(self, name: str) -> None:
        """Have nothing in memory of a model that the database has not any more."""
        self._turns.recent.forget(name)
        if name in self.hot_names():
            self.submit(Load(name))

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
            if self._has_ended:
                return
            self._accepts = False
        # A model that never ends must not take the time of the others' snapshots.
        self._wait_until_idle(time.monotonic() + seconds / 2)
        self._enqueue_last_snapshots()
        self._wait_until_idle(deadline)
        self._supervisor.end()
        self._workers.end(deadline, is_lost=lambda queue: queue.is_stuck)
        self._refuse_the_rest()

    def _dispatch(self, command: Command, now: float) -> ModelQueue | None:
        command.queued_at = now
        # While some wait to be routed, nobody overtakes them: they may be of the same stream.
        waits = self._unrouted.scheduled
        return self._enqueue(command, None if waits else self._directory.guess(command))

    def _enqueue(self, command: Command, name: str | None) -> ModelQueue | None:
        """Put a command in a model's queue, and return that; None: it was refused."""
        queue = self._unrouted
        if name is not None:
            if self._owns is not None and not self._owns(name):
                deliver([(command, None, Misplaced(name))])
                return None
            queue = self._queues.get(name) or self._queues.setdefault(name, ModelQueue(name))
        if queue.is_stuck and not isinstance(command, Maintenance):
            self._refuse_at_once(queue, command)
            return None
        queue.add(command)
        if not queue.scheduled:
            queue.scheduled = True
            self._workers.put(queue)
        return queue

    def _refuse_at_once(self, queue: ModelQueue, command: Command) -> None:
        visit = queue.visit
        seconds = 0.0 if visit is None else time.perf_counter() - visit.since
        is_last = self._watchdog.is_in_a_hurry
        error = ServerStopping() if is_last else ModelBusy(queue.name, seconds)
        deliver([(command, None, error)])
        self._refusals.note(queue, [command], error)

    def _look_after(self) -> bool:
        self._watchdog.look()
        return self._workers.staff(time.perf_counter(), n_lost=len(self._watchdog.busy()))

    def _leave(self) -> None:
        self._precautions.leave_thread()
        self._leave_thread()

    def _take_turn(self, queue: ModelQueue) -> None:
        commands: list[Command] = []
        try:
            commands = self._gather(queue)
            self._precautions.begin(queue.name)
            try:
                turn = self._begin_turn(queue, commands)
            finally:
                self._precautions.end()
        except BaseException as error:
            # Nobody knows what is wrong with this thread: another one goes on.
            self._turns.give_up(queue, commands, error)
            self._end_turn(queue, commands, ())
            raise
        if turn is None:
            self._end_turn(queue, commands, ())
        elif turn.is_needed:
            self._committer.add(turn)
        else:
            self._finish([turn], [None])

    def _begin_turn(self, queue: ModelQueue, commands: list[Command]) -> Turn | None:
        if queue is self._unrouted:
            self._route(commands)
            return None
        return self._turns.begin(queue, commands)

    def _finish(self, turns: Sequence[Turn], outcomes: Sequence[Outcome]) -> None:
        left: Sequence[Sequence[Command]] = [()] * len(turns)
        try:
            left = self._turns.finish(turns, outcomes)
        except BaseException as error:
            for turn in turns:
                self._turns.give_up(turn.queue, turn.commands, error)
            raise
        finally:
            for turn, of_turn in zip(turns, left, strict=True):
                self._end_turn(turn.queue, turn.commands, of_turn)

    def _end_turn(self, queue: ModelQueue, commands: Sequence[Command], left: Sequence[Command]) -> None:
        with self._lock:
            queue.put_back(left)
            n_expected = 0 if left else queue.n_expected_after(commands)
            queue.gathering.expect(n_expected, time.perf_counter(), self._committer.patience)
            if queue.is_stuck:
                queue.is_stuck = False
                logger.warning("'%s' has come back", queue.name)
            if self._has_ended:
                # The last look at what is left was before this turn's end.
                self._refuse(queue)
            elif self._maintainer.is_snapshot_due(queue):
                queue.awaits_snapshot = True
                self._enqueue(TakeDueSnapshot(queue.name), queue.name)
            self._hot_set.used(queue)
            for surplus in self._hot_set.surplus():
                self._enqueue(Evict(surplus.name), surplus.name)
            self._schedule_or_retire(queue)

    def _gather(self, queue: ModelQueue) -> list[Command]:
        """Take the next batch, together with those who ask again in the same moment."""
        with self._lock:
            is_awaited = queue.begin_gathering(time.perf_counter())
            if not is_awaited:
                return queue.take(self._options.batch_size)
        queue.gathering.wait()
        with self._lock:
            queue.gathering.end()
            return queue.take(self._options.batch_size)

    def _schedule_or_retire(self, queue: ModelQueue) -> None:
        if queue.commands:
            self._workers.put_again(queue)
            return
        queue.scheduled = False
        if queue.knows_nothing:
            # Names that nobody has would pile up otherwise.
            self._queues.pop(queue.name, None)

    def _route(self, commands: list[Command]) -> None:
        try:
            found = look_up(self._storage, commands)
        except BaseException as error:
            repeated.warning(str(error), "%d requests could not be routed: %s", len(commands), error)
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
                queues = [self._unrouted, *self._queues.values()]
                if not any(queue.scheduled and not queue.is_stuck for queue in queues):
                    return
            time.sleep(_POLL_SECONDS)

    def _refuse_the_rest(self) -> None:
        self._watchdog.refuse_all()
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
