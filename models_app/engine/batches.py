"""One batch: requests applied in order to a hot model, with what they write and answer."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from models_app.domain import features
from models_app.domain.errors import (
    ChantillyError,
    Forbidden,
    InvalidGroundTruth,
    ModelRaised,
    code_of,
)
from models_app.domain.features import Features
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.engine.again import learn_again
from models_app.engine.awaited import Awaited, Elsewhere
from models_app.engine.commands import (
    Answer,
    Command,
    Describe,
    Export,
    Inspect,
    LearnAgain,
    LearnById,
    LearnFeatures,
    Predict,
    PredictInDetail,
)
from models_app.engine.hiding import hidden
from models_app.engine.hot import HotModel, Spoiled
from models_app.engine.late_learns import LateLearns
from models_app.engine.learning import learn_by_id, learn_features
from models_app.engine.ports import Event, Learned, ModelState, Pending, Write
from models_app.engine.predicting import predict, predict_in_detail
from models_app.engine.runs import apply_run
from models_app.engine.vitals import Vitals


class Batch:
    """Applies commands and gathers what follows; nothing leaves it before the commit.

    `stored` are the pending predictions, of any model, that the database has for the ids of the batch. Unless
    it `is_careful`, what can be scored and written down for all together is; where that fails, it `is_void`:
    nothing of it counts, and only a careful one shows what is to be refused.
    """

    def __init__(
        self,
        state: ModelState,
        hot: HotModel,
        stored: dict[str, Pending],
        *,
        wants_events: bool,
        is_careful: bool = True,
    ) -> None:
        self.write = Write(state=state, seq=hot.seq)
        self.answers: list[Answer] = []
        #: The codes of what was refused.
        self.refused: list[str] = []
        self.misrouted: list[tuple[Command, str]] = []
        self.events: list[Event] = []
        self.spoiled = False
        self.is_void = False
        self.late = LateLearns(self.write.learns)
        self.postpones = hot.postpones_scores = not is_careful and hot.may_postpone
        self.state = state
        self.hot = hot
        self.awaited = Awaited(stored, self.write)
        self.wants_events = wants_events

    def apply(self, commands: Sequence[Command], deadline: float) -> int:
        """Apply commands until one spoils the model or the time is up; return how many were applied.

        `deadline` is on the clock of `time.perf_counter`; one command at least is applied.
        """
        with self.hot.drawing():
            n_applied = self._apply_all(commands, deadline)
        try:
            self.late.write()
            if self.postpones and not self.spoiled:
                self.hot.score_postponed()
        except (ModelRaised, Spoiled):
            self.is_void = True
        return n_applied

    def _apply_all(self, commands: Sequence[Command], deadline: float) -> int:
        n_applied, clock = 0, time.perf_counter
        while n_applied < len(commands):
            n_in_run = 0
            if self.postpones and type(commands[n_applied]) is LearnFeatures:
                n_in_run = apply_run(self, commands, n_applied, deadline)
            if n_in_run:
                n_applied += n_in_run
            else:
                self._apply_one(commands[n_applied])
                n_applied += 1
            if self.spoiled or clock() > deadline:
                break
        return n_applied

    def _apply_one(self, command: Command) -> None:
        if command.relies_on_default:
            self.write.relies_on_default = True
        try:
            if command.permits is not None:
                self._check_permitted(command, command.permits)
            self.answers.append((command, _HANDLERS[type(command)](self, command), None))
        except BaseException as error:
            self.fail(command, error)

    def _check_permitted(self, command: Command, permits: Callable[[str], bool]) -> None:
        """Raise `Forbidden` unless who asks may use this model, and the one whose prediction it is about."""
        names = [self.state.name]
        if isinstance(command, LearnById):
            # Where it does not belong here, that is said first.
            pending = self.awaited.find(command, self.state)
            names += [] if pending is None else [pending.model_name]
        elif isinstance(command, Predict) and command.prediction_id is not None:
            # It would take the place of what is pending.
            replaced = self.awaited.under(command.prediction_id)
            names += [] if replaced is None else [replaced.model_name]
        if not all(map(permits, names)):
            raise Forbidden("The token is not for the model that this is about.")

    def fail(self, command: Command, error: BaseException) -> None:
        """Answer a command with what it raised, or have it sent to where it belongs."""
        match error:
            case ChantillyError():
                self._refuse(command, error)
            case Elsewhere():
                self.misrouted.append((command, error.name))
            case Spoiled():
                self.spoiled = True
                refusal = ModelRaised(error.error)
                refusal.__cause__ = error.error
                self._refuse(command, refusal)
            case _:
                # A damaged row, or a mistake of ours: nobody knows what it has done to the model.
                self.spoiled = True
                self._refuse(command, error)

    def _refuse(self, command: Command, error: BaseException) -> None:
        self.answers.append((command, None, hidden(error, self.state)))
        if command.is_timed:
            self.refused.append(code_of(error))

    def check_fit(self, x: Features, y_true: GroundTruth) -> None:
        """Raise `InvalidGroundTruth` where the model was asked for something else."""
        reason = self.hot.flavor.misfit(x, y_true)
        if reason is not None:
            raise InvalidGroundTruth(reason)

    def learn(
        self, x: Features, y_true: GroundTruth, y_pred: Prediction, *, only_scores: bool = False
    ) -> None:
        """Score, and let the model learn; raises `Spoiled`."""
        started = time.perf_counter()
        self.hot.learn(x, y_true, y_pred, only_scores=only_scores)
        self.hot.replay_seconds += time.perf_counter() - started

    def stamp(self, at: float, predicted_at: float | None = None) -> float:
        """Return when a learn happened, at `at` by the clock: never before its prediction or the last learn.

        A clock that was set back is overtaken by the journal: what follows happens at the time of what is
        there, until the clock has caught up.
        """
        hot = self.hot
        at = max(at, hot.learned_at)
        if predicted_at is not None and at < predicted_at:
            at = predicted_at
        hot.learned_at = at
        return at

    def record(self, learn: Learn, y_pred: Prediction) -> None:
        """Take what was learned into the journal."""
        self.write.learns.append(learn)
        if self.wants_events:
            self.tell_learned(bytes(learn.features), y_pred, learn.ground_truth)

    def tell_learned(self, text: bytes, y_pred: Prediction, y_true: GroundTruth) -> None:
        """Have the event of a learn sent once the batch is committed."""
        self.events.append(
            Learned(
                model=self.state.name,
                features=features.as_asked(text),
                prediction=self.hot.flavor.shown(y_pred),
                ground_truth=y_true,
                flavor=self.state.flavor,
                features_kept=self.state.features_kept,
            )
        )

    def _inspect(self, command: Inspect) -> Vitals:
        return self.hot.vitals()

    def _describe(self, command: Describe) -> str:
        return self.hot.drawn()

    def _export(self, command: Export) -> bytes:
        return self.hot.snapshot().model


# Not in the batch: with its own methods in a member it would be a cycle, and hold on to an evicted model
# until the garbage collector comes by.
_HANDLERS: dict[type[Command], Callable[[Batch, Any], object]] = {
    Predict: predict,
    PredictInDetail: predict_in_detail,
    LearnById: learn_by_id,
    LearnFeatures: learn_features,
    LearnAgain: learn_again,
    Inspect: Batch._inspect,
    Describe: Batch._describe,
    Export: Batch._export,
}
