"""A turn: one thread serves one model for a moment."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from models_app.domain.errors import ModelNotLoadable, StorageUnavailable
from models_app.engine import allowances, forks, turn_times
from models_app.engine.batches import Batch
from models_app.engine.commands import (
    Answer,
    Command,
    LearnById,
    Maintenance,
    Predict,
    SnapshotThenAnswer,
)
from models_app.engine.contention import Contention
from models_app.engine.contracts import Contracts
from models_app.engine.delivery import Owed, deliver
from models_app.engine.heating import Heater
from models_app.engine.hot import HotModel
from models_app.engine.maintenance import Maintainer
from models_app.engine.near_names import NearNames
from models_app.engine.ports import CommitListener, Conflict, ModelState, Pending, Storage
from models_app.engine.queues import ModelQueue
from models_app.engine.recent import RecentPredictions
from models_app.engine.refusing import Refusals
from models_app.engine.timings import TimingsByModel
from models_app.engine.turn import Outcome, Turn
from models_app.engine.visits import Visit, VisitRefused

logger = logging.getLogger(__name__)

# Each redo means that another process got through; more than a few in a row mean a broken database.
_MAX_ATTEMPTS = 200
# Fewer commands are scored and written down one by one: that is as quick.
_MANY = 8


class Router(Protocol):
    """A router of the commands that are not for this turn."""

    def route_again(self, command: Command, name: str | None) -> None:
        """Send a command to the model called `name`; None: find out which it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Serves queues, one batch a turn. Any number of threads share it."""

    storage: Storage
    listener: CommitListener
    router: Router
    timings: TimingsByModel
    near_names: NearNames
    contention: Contention
    heater: Heater
    maintainer: Maintainer
    refusals: Refusals
    contracts: Contracts
    recent: RecentPredictions = field(default_factory=RecentPredictions)

    def begin(self, queue: ModelQueue, commands: list[Command]) -> Turn | None:
        """Apply a batch; return the turn, which has to be written and finished.

        None: every command has been answered or routed again.
        """
        if commands and isinstance(commands[0], Maintenance):
            # Others are not refused before they are done; what is owed only needs not to wait for that.
            owed = commands if isinstance(commands[0], SnapshotThenAnswer) else ()
            queue.visit = Visit(owed, time.perf_counter(), is_long=True)
            self.maintainer.serve(queue, commands[0])
            queue.visit.end()
            return None
        turn: Turn | None = None
        try:
            is_alone = not self.contention.enter(queue, commands)
            turn = self._begin_as_known(queue, commands) if is_alone else None
            while turn is None:
                state = self.storage.find_state(queue.name)
                commands = self._keep_ours(queue, commands, state)
                if state is None or not commands:
                    return None
                try:
                    hot = self.heater.heat(queue, state, commands)
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
            self.refusals.refuse(queue, commands, error)
        finally:
            if queue.has_turn and turn is None:
                self.contention.leave(queue)
        return turn

    def finish(self, turns: Sequence[Turn], outcomes: Sequence[Outcome]) -> list[Sequence[Command]]:
        """Answer turns after their commit; return of each the commands that are left for its queue's next."""
        written_at = time.perf_counter()
        answers: list[Answer] = []
        owed: dict[ModelQueue, Command] = {}
        for turn, outcome in zip(turns, outcomes, strict=True):
            if turn.queue.has_turn:
                self.contention.leave(turn.queue)
            if not isinstance(outcome, BaseException):
                self._note(turn)
                turn_times.report_traces(turn, written_at)
                if turn.write.learns and not turn.hot.is_replayable and not turn.batch.spoiled:
                    # No replay would lead to what has been learned here. But pickling may take long, or for
                    # ever: that is for a turn of the model's own, not for this thread, which commits for all.
                    owed[turn.queue] = SnapshotThenAnswer(turn.state, turn.hot, Owed(turn.batch.answers))
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
            self.contention.leave(queue)
        self.refusals.refuse(queue, commands, error)

    def _begin_as_known(self, queue: ModelQueue, commands: list[Command]) -> Turn | None:
        """Apply a batch without a query, where its commit will decide whether that was right.

        None: it has to be looked at.
        """
        hot, state = queue.hot, queue.state
        if hot is None or state is None or not _may_be_guessed(commands, is_default=state.is_default):
            return None
        turn = self._apply(queue, state, hot, commands, is_checked=False)
        if turn is None:
            return None
        if turn.is_needed or self.storage.find_state(state.name) == replace(state, seq=hot.seq):
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
    ) -> Turn | None:
        """Apply a batch to the hot model. `is_checked`: it is what the database has, or was a moment ago.

        None: it must be done again, more carefully, by a model that is rebuilt.
        """
        pending = self._pending(commands, recent=not is_checked)
        hot.contract = self.contracts.of(state.model_id)
        # Until the commit is through, what is in memory may be ahead of the journal.
        queue.drop_hot()
        batch = Batch(
            state,
            hot,
            pending,
            wants_events=self.listener.wants_events(),
            is_careful=queue.is_careful or len(commands) < _MANY,
        )
        started_at = time.perf_counter()
        visit = queue.visit = Visit(commands, started_at, is_long=commands[0].is_alone)
        n_applied = batch.apply(commands, started_at + self.contention.seconds_for(queue, commands))
        forks.end_in_child()
        if not visit.end():
            queue.rebuilds_after_failure = True
            raise VisitRefused
        if batch.is_void:
            queue.is_careful = queue.rebuilds_after_failure = True
            return None
        computed_at = time.perf_counter()
        if not batch.write.learns and not batch.spoiled:
            queue.hot = hot
        write = batch.write
        write.n_predictions += queue.n_predictions
        write.last_predicted_at = write.last_predicted_at or queue.last_predicted_at
        return Turn(
            queue=queue,
            state=state,
            hot=hot,
            commands=commands,
            batch=batch,
            write=write,
            is_needed=write.is_needed,
            n_applied=n_applied,
            started_at=started_at,
            computed_at=computed_at,
        )

    def _note(self, turn: Turn) -> None:
        """Take over what a turn has made of the model."""
        queue, write = turn.queue, turn.write
        queue.n_conflicts = 0
        queue.n_served += turn.n_applied
        queue.n_predictions = 0 if turn.is_needed else write.n_predictions
        queue.last_predicted_at = write.last_predicted_at
        hot = turn.hot
        queue.undoes_predictions = not hot.is_known and hot.undoes_predictions
        if turn.batch.spoiled or (not hot.is_known and hot.is_misjudged):
            queue.drop_hot()
            queue.rebuilds_after_failure = True
        else:
            queue.hot = hot
        self.recent.remember(write.predicted.values())
        allowances.note(write)

    def _conclude(self, turn: Turn, outcome: Outcome, written_at: float) -> Sequence[Command]:
        if isinstance(outcome, Conflict):
            return self._again(turn)
        if isinstance(outcome, StorageUnavailable):
            self.refusals.refuse(turn.queue, turn.commands, outcome)
            return ()
        for command, name in turn.batch.misrouted:
            self.router.route_again(command, name)
        try:
            # Only now: nobody has waited for it.
            turn_times.record(self.timings, turn, written_at)
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
        self.contention.note(queue)
        # What was computed in vain may be so again: the model is to be rebuilt from nearby then.
        queue.rebuilds_after_failure = True
        if queue.n_conflicts < _MAX_ATTEMPTS:
            return turn.commands
        queue.n_conflicts = 0
        error = StorageUnavailable("The database changed too often while the request was served.")
        self.refusals.refuse(queue, turn.commands, error)
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

    def _pending(self, commands: list[Command], *, recent: bool) -> dict[str, Pending]:
        """Return what is pending of what is learned, or may be replaced.

        `recent`: what is remembered need not be looked up.
        """
        ids = set()
        for command in commands:
            if isinstance(command, LearnById):
                ids.add(command.prediction_id)
            elif (
                command.permits is not None
                and isinstance(command, Predict)
                and command.prediction_id is not None
            ):
                # Who may use some models only must not replace what another has pending.
                ids.add(command.prediction_id)
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


def _may_be_guessed(commands: Sequence[Command], *, is_default: bool) -> bool:
    """Say whether the commit of commands will decide whether the model is still what it was."""
    commits = False
    for command in commands:
        if command.relies_on_default and not is_default:
            return False
        commits = commits or command.commits
    return commits
