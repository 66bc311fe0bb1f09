"""A turn: one thread serves one model for a moment."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from models_app.domain.errors import (
    ChantillyError,
    ModelNotLoadable,
    StorageUnavailable,
    code_of,
)
from models_app.engine import forks
from models_app.engine.batches import Batch
from models_app.engine.commands import (
    Answer,
    Command,
    Evict,
    LearnById,
    Load,
    Maintenance,
    Predict,
    SnapshotThenAnswer,
    TakeDueSnapshot,
    TakeSnapshot,
    deliver,
)
from models_app.engine.hot import HotModel
from models_app.engine.near_names import NearNames
from models_app.engine.ports import CommitListener, Conflict, ModelState, Pending, Storage, Write
from models_app.engine.queues import ModelQueue
from models_app.engine.recent import RecentPredictions
from models_app.engine.recovery import catch_up, recover
from models_app.engine.repeats import Repeats
from models_app.engine.snapshots import SnapshotPolicy, take_snapshot, try_snapshot
from models_app.engine.timings import TimingsByModel
from models_app.engine.tracing import Stages
from models_app.engine.visits import Visit, VisitRefused

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

# Each redo means that another process got through; more than a few in a row mean a broken database.
_MAX_ATTEMPTS = 200
# Who has learned more than that beside this process may have left a snapshot, too.
_MAX_CATCH_UP = 1_000
# Two that write to one model take turns for so long after the other has written last.
_CONTENDED_SECONDS = 3.0
# A turn computes no longer then than this, or than a share of what went by since the last one of its process:
# on a slow disk, or where processes wait for a core, it has to be worth its commit and the wait for it. The
# other one replays it meanwhile, which may take twice as long: with half of that, turns grew and grew.
_SHARED_SECONDS = 0.0006
_SHARE = 0.25
# Batches of so many records of streams and arrays ask for a turn before they have lost to anybody.
_LONG = 32
# Who has not got its turn by then goes on without: the commit decides whether that was right.
_TURN_PATIENCE = 0.25
# How many times as long a turn may take that serves records of streams and arrays only.
_STREAM_TURN = 5


class Router(Protocol):
    """A router of the commands that are not for this turn."""

    def route_again(self, command: Command, name: str | None) -> None:
        """Send a command to the model called `name`; None: find out which it is."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """A batch on its way: computed, and not yet written."""

    queue: ModelQueue
    state: ModelState
    hot: HotModel
    commands: list[Command]
    batch: Batch
    n_applied: int
    started_at: float
    computed_at: float

    @property
    def write(self) -> Write:
        """Return the write that has to be durable before the answers."""
        return self.batch.write


Outcome = int | Conflict | StorageUnavailable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Serves queues, one batch a turn. Any number of threads share it."""

    storage: Storage
    listener: CommitListener
    router: Router
    policy: SnapshotPolicy
    batch_seconds: float
    timings: TimingsByModel
    near_names: NearNames
    recent: RecentPredictions = field(default_factory=RecentPredictions)

    def begin(self, queue: ModelQueue, commands: list[Command]) -> Turn | None:
        """Apply a batch; return the turn, which has to be written and finished.

        None: every command has been answered or routed again.
        """
        if commands and isinstance(commands[0], Maintenance):
            # Others are not refused before they are done; what is owed only needs not to wait for that.
            owed = commands if isinstance(commands[0], SnapshotThenAnswer) else ()
            queue.visit = Visit(owed, time.perf_counter(), is_long=True)
            self._serve_maintenance(queue, commands[0])
            queue.visit.end()
            return None
        turn: Turn | None = None
        try:
            is_alone = not (queue.contended_until or len(commands) >= _LONG) or not self._enter_turn(
                queue, commands
            )
            turn = self._begin_as_known(queue, commands) if is_alone else None
            while turn is None:
                state = self.storage.find_state(queue.name)
                commands = self._keep_ours(queue, commands, state)
                if state is None or not commands:
                    return None
                try:
                    hot = self._heat(queue, state, commands)
                    turn = self._apply(queue, state, hot, commands, is_checked=True)
                except ModelNotLoadable:
                    if self._is_served(state):
                        raise
                    # Replaced or deleted while it was being loaded: its rows went away under the reader.
        except VisitRefused:
            # The model came back too late: the commands are answered.
            pass
        except BaseException as error:
            # The database cannot be read, or the model cannot be loaded: nobody in the batch is served.
            self._refuse(queue, commands, error)
        finally:
            if queue.has_turn and turn is None:
                self._leave_turn(queue)
        return turn

    def _enter_turn(self, queue: ModelQueue, commands: Sequence[Command]) -> bool:
        """Wait for other processes that write to the model, too; say whether there are any.

        False, too, where nobody has written for a while, or somebody is stuck in there: as if we were alone.
        """
        if not queue.contended_until:
            if not _are_of_streams(commands):
                return False
            # They come so close upon each other that others lose to them, and they to nobody. Who has lost
            # has the gate now and then.
            queue.has_turn = self.storage.enter_turn(queue.name, 0.0)
            if queue.has_turn:
                return False
            queue.contended_until = time.perf_counter() + _CONTENDED_SECONDS
        if time.perf_counter() < queue.contended_until:
            queue.has_turn = self.storage.enter_turn(queue.name, _TURN_PATIENCE)
        if not queue.has_turn:
            queue.contended_until = 0.0
        queue.waited_seconds = time.perf_counter() - queue.left_at if queue.left_at else 0.0
        return queue.has_turn

    def _leave_turn(self, queue: ModelQueue) -> None:
        queue.has_turn = False
        self.storage.leave_turn(queue.name)
        queue.left_at = time.perf_counter()

    def finish(self, turns: Sequence[Turn], outcomes: Sequence[Outcome]) -> list[Sequence[Command]]:
        """Answer turns after their commit; return of each the commands that are left for its queue's next."""
        written_at = time.perf_counter()
        answers: list[Answer] = []
        owed: dict[ModelQueue, Command] = {}
        for turn, outcome in zip(turns, outcomes, strict=True):
            if turn.queue.has_turn:
                self._leave_turn(turn.queue)
            if not isinstance(outcome, BaseException):
                self._note(turn)
                _report_traces(turn, written_at)
                if turn.write.learns and not turn.hot.is_replayable and not turn.batch.spoiled:
                    # No replay would lead to what has been learned here. But pickling may take long, or for
                    # ever: that is for a turn of the model's own, not for this thread, which commits for all.
                    owed[turn.queue] = SnapshotThenAnswer(turn.state, turn.hot, turn.batch.answers)
                else:
                    answers += turn.batch.answers
        deliver(answers)
        left = [
            self._conclude(turn, outcome, written_at) for turn, outcome in zip(turns, outcomes, strict=True)
        ]
        if not owed:
            return left
        return [
            [owed[turn.queue], *commands] if turn.queue in owed else commands
            for turn, commands in zip(turns, left, strict=True)
        ]

    def give_up(self, queue: ModelQueue, commands: Sequence[Command], error: BaseException) -> None:
        """Refuse a batch of which nobody knows how far it came; the model is rebuilt from the journal."""
        queue.drop_hot()
        if queue.has_turn:
            self._leave_turn(queue)
        self._refuse(queue, commands, error)

    def _begin_as_known(self, queue: ModelQueue, commands: list[Command]) -> Turn | None:
        """Apply a batch without a query, where its commit will decide whether that was right.

        None: it has to be looked at.
        """
        hot, state = queue.hot, queue.state
        if hot is None or state is None or not any(command.commits for command in commands):
            return None
        if not state.is_default and any(command.relies_on_default for command in commands):
            return None
        turn = self._apply(queue, state, hot, commands, is_checked=False)
        if turn.write.is_needed or self.storage.find_state(state.name) == replace(state, seq=hot.seq):
            return turn
        # All that would have been written was refused, and the refusals may be wrong.
        queue.state = None
        return None

    def _apply(
        self,
        queue: ModelQueue,
        state: ModelState,
        hot: HotModel,
        commands: list[Command],
        *,
        is_checked: bool,
    ) -> Turn:
        """Apply a batch to the hot model. `is_checked`: it is what the database has, or was a moment ago."""
        pending = self._pending(commands, recent=not is_checked)
        # Until the commit is through, what is in memory may be ahead of the journal.
        queue.drop_hot()
        batch = Batch(state, hot, pending, wants_events=self.listener.wants_events())
        started_at = time.perf_counter()
        visit = queue.visit = Visit(commands, started_at, is_long=commands[0].is_alone)
        n_applied = batch.apply(commands, started_at + self._seconds_for(queue, commands))
        forks.end_in_child()
        if not visit.end():
            queue.rebuilds_after_failure = True
            raise VisitRefused
        computed_at = time.perf_counter()
        if not batch.write.learns and not batch.spoiled:
            queue.hot = hot
        batch.write.n_predictions += queue.n_predictions
        batch.write.last_predicted_at = batch.write.last_predicted_at or queue.last_predicted_at
        return Turn(
            queue=queue,
            state=state,
            hot=hot,
            commands=commands,
            batch=batch,
            n_applied=n_applied,
            started_at=started_at,
            computed_at=computed_at,
        )

    def _seconds_for(self, queue: ModelQueue, commands: list[Command]) -> float:
        if queue.contended_until:
            # Others wait meanwhile. Who has not heard of turns yet is to be met by something short.
            seconds = max(_SHARED_SECONDS, _SHARE * min(queue.waited_seconds, self.batch_seconds))
            return min(seconds / (1 << queue.n_conflicts), self.batch_seconds)
        # Clients that send many records on one connection wait for none of them; fewer commits are better.
        return self.batch_seconds * (_STREAM_TURN if _are_of_streams(commands) else 1)

    def _note(self, turn: Turn) -> None:
        """Take over what a turn has made of the model."""
        queue, write = turn.queue, turn.write
        queue.n_conflicts = 0
        queue.n_served += turn.n_applied
        queue.n_predictions = 0 if write.is_needed else write.n_predictions
        queue.last_predicted_at = write.last_predicted_at
        hot = turn.hot
        queue.undoes_predictions = not hot.is_known and hot.undoes_predictions
        if turn.batch.spoiled or (not hot.is_known and hot.is_misjudged):
            queue.drop_hot()
            queue.rebuilds_after_failure = True
        else:
            queue.hot = hot
        self.recent.remember(write.predicted.values())

    def _time(self, turn: Turn, written_at: float) -> None:
        """Count how long the requests of a turn, and its parts, have taken, and what was refused of it."""
        timed = [command for command in turn.commands[: turn.n_applied] if command.is_timed]
        if not timed:
            return
        timings = self.timings.of(turn.state)
        for queued_at, group in groupby(timed, attrgetter("queued_at")):
            kinds = [type(command) for command in group]
            n_predictions = kinds.count(Predict)
            timings.wait.record(turn.started_at - queued_at, len(kinds))
            timings.answered(written_at - queued_at, n_predictions, len(kinds) - n_predictions)
        timings.compute.record(turn.computed_at - turn.started_at)
        if turn.write.is_needed:
            timings.commit.record(written_at - turn.computed_at)
        timings.learned(turn.write.learns)
        if turn.batch.refused:
            timings.refused.update(turn.batch.refused)

    def _conclude(self, turn: Turn, outcome: Outcome, written_at: float) -> Sequence[Command]:
        if isinstance(outcome, Conflict):
            return self._again(turn)
        if isinstance(outcome, StorageUnavailable):
            self._refuse(turn.queue, turn.commands, outcome)
            return ()
        for command, name in turn.batch.misrouted:
            self.router.route_again(command, name)
        try:
            # Only now: nobody has waited for it.
            self._time(turn, written_at)
            if not turn.hot.is_known:
                self._remark(turn)
            self._notify(outcome, turn.hot, turn.batch)
        except BaseException:
            # The work is done and durable, and answered. What is in memory may be no state of the journal.
            logger.exception("what came of '%s' could not be passed on", turn.queue.name)
            turn.queue.drop_hot()
        return turn.commands[turn.n_applied :]

    def _remark(self, turn: Turn) -> None:
        """Write down and log what was found out about a model, once."""
        queue = turn.queue
        for remark in turn.hot.remarks():
            if remark["code"] not in queue.remarked:
                queue.remarked.add(remark["code"])
                logger.warning("'%s': %s", queue.name, remark["message"])
                try:
                    self.storage.add_remark(turn.state, remark)
                except StorageUnavailable as error:
                    logger.warning("this could not be written down: %s", error)

    def _again(self, turn: Turn) -> Sequence[Command]:
        """Have all of a turn done again: what was computed never happened, others have written meanwhile."""
        queue = turn.queue
        queue.state = None
        queue.n_conflicts += 1
        queue.contended_until = time.perf_counter() + _CONTENDED_SECONDS
        # What was computed in vain may be so again: the model is to be rebuilt from nearby then.
        queue.rebuilds_after_failure = True
        if queue.n_conflicts < _MAX_ATTEMPTS:
            return turn.commands
        queue.n_conflicts = 0
        error = StorageUnavailable("The database changed too often while the request was served.")
        self._refuse(queue, turn.commands, error)
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
            # Where an id leads to is a guess, at first.
            by_id = isinstance(command, LearnById) and not (
                command.was_misrouted and command.name == queue.name
            )
            if state is not None and (state.is_default or not command.relies_on_default):
                ours.append(command)
            elif not command.relies_on_default and not by_id:
                deliver([(command, None, self.near_names.not_found(queue.name))])
            else:
                self.router.route_again(command, None)
        if state is None:
            queue.forget()
        return ours

    def _heat(self, queue: ModelQueue, state: ModelState, commands: Sequence[Command] = ()) -> HotModel:
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
                queue.contended_until = time.perf_counter() + _CONTENDED_SECONDS
            catch_up(self.storage, state, hot, visit.goes_on)
        else:
            hot = recover(self.storage, state, visit.goes_on)
            if queue.undoes_predictions:
                hot.undo_predictions()
            if queue.rebuilds_after_failure and self.policy.is_due_after_failure(hot):
                try_snapshot(self.storage, state, hot)
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
        return n_known > 0 and hot.replay_seconds / n_known * n_behind < self.policy.min_seconds

    def _pending(self, commands: list[Command], *, recent: bool) -> dict[str, Pending]:
        """Return what is pending of what is learned; `recent`: what is remembered need not be looked up."""
        ids = {command.prediction_id for command in commands if isinstance(command, LearnById)}
        if not ids:
            return {}
        found = self.recent.take(ids) if recent else {}
        missing = ids.difference(found)
        return found | self.storage.pending(list(missing)) if missing else found

    def _notify(self, segment_id: int | None, hot: HotModel, batch: Batch) -> None:
        # The learn that spoiled the model may have been scored, too.
        scores = [] if batch.spoiled else hot.take_scores()
        if not (scores or batch.events):
            return
        try:
            self.listener.committed(batch.write, segment_id if scores else None, scores, batch.events)
        except BaseException:
            # A listener cannot undo it.
            logger.exception("a listener of commits failed")

    def _serve_maintenance(self, queue: ModelQueue, command: Maintenance) -> None:
        try:
            state = self.storage.find_state(queue.name)
            if state is None:
                queue.forget()
                raise self.near_names.not_found(queue.name)
            deliver([(command, self._maintain(queue, state, command), None)])
        except BaseException as error:
            self._refuse(queue, [command], error)

    def _maintain(self, queue: ModelQueue, state: ModelState, command: Maintenance) -> object:
        match command:
            case SnapshotThenAnswer():
                try_snapshot(self.storage, command.state, command.hot)
            case Load():
                self._heat(queue, state)
            case TakeSnapshot():
                hot = self._heat(queue, state)
                take_snapshot(self.storage, state, hot)
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
        hot = self._heat(queue, state)
        if self.policy.is_due(hot):
            try_snapshot(self.storage, state, hot)

    def is_snapshot_due(self, queue: ModelQueue) -> bool:
        """Say whether a snapshot is due, and none is awaited."""
        return queue.hot is not None and not queue.awaits_snapshot and self.policy.is_due(queue.hot)

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
                    seq=state.seq,
                    n_predictions=queue.n_predictions,
                    last_predicted_at=queue.last_predicted_at,
                )
            )
            queue.n_predictions = 0

    def _refuse(self, queue: ModelQueue, commands: Sequence[Command], error: BaseException) -> None:
        if isinstance(error, ChantillyError):
            repeated.warning(
                str(error), "'%s' could not serve %d requests: %s", queue.name, len(commands), error
            )
        else:
            logger.error("'%s' could not serve %d requests", queue.name, len(commands), exc_info=error)
        deliver([(command, None, error) for command in commands])
        self.note_refused(queue, commands, error)

    def note_refused(self, queue: ModelQueue, commands: Sequence[Command], error: BaseException) -> None:
        """Count what was refused before it could be served."""
        n_timed = sum(command.is_timed for command in commands)
        state = queue.state
        if state is not None and n_timed:
            self.timings.of(state).refused[code_of(error)] += n_timed


def _are_of_streams(commands: Sequence[Command]) -> bool:
    return commands[0].bundle is not None and all(command.bundle is not None for command in commands)


def _report_traces(turn: Turn, written_at: float) -> None:
    """Report to traces where the time went; before the answers, which end their interest."""
    for command in turn.commands[: turn.n_applied]:
        if command.trace is not None:
            command.trace.model = turn.queue.name
            command.trace.stages = Stages(
                command.queued_at,
                turn.started_at,
                turn.computed_at,
                written_at if turn.write.is_needed else None,
                turn.queue.n_served,
            )
