"""One batch: requests applied in order to a hot model, with what they write and answer."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice, repeat
from typing import Any, cast

import msgspec

from models_app.domain import features, learns
from models_app.domain.contracts import Contract
from models_app.domain.errors import (
    ChantillyError,
    Forbidden,
    InvalidGroundTruth,
    ModelRaised,
    PredictionNotPending,
    code_of,
)
from models_app.domain.features import Features
from models_app.domain.intervals import surrounded
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.engine import members
from models_app.engine.again import learn_again
from models_app.engine.awaited import Awaited, Elsewhere, new_token
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
from models_app.engine.ports import Event, Learned, ModelState, Pending, Predicted, Write
from models_app.engine.recording import encoded, record_prediction
from models_app.engine.vitals import Vitals
from models_app.paradigms import options
from models_app.paradigms.options import Details

#: The name of the model that predicted, the prediction, and what else there is to say of it.
Predicting = tuple[str, Prediction] | tuple[str, Prediction, Details]


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
        self._late = LateLearns(self.write.learns)
        self._postpones = hot.postpones_scores = not is_careful and hot.may_postpone
        self.state = state
        self.hot = hot
        self._awaited = Awaited(stored, self.write)
        self._wants_events = wants_events

    def apply(self, commands: Sequence[Command], deadline: float) -> int:
        """Apply commands until one spoils the model or the time is up; return how many were applied.

        `deadline` is on the clock of `time.perf_counter`; one command at least is applied.
        """
        with self.hot.drawing():
            n_applied = self._apply_all(commands, deadline)
        try:
            self._late.write()
            if self._postpones and not self.spoiled:
                self.hot.score_postponed()
        except (ModelRaised, Spoiled):
            self.is_void = True
        return n_applied

    def _apply_all(self, commands: Sequence[Command], deadline: float) -> int:
        n_applied, clock = 0, time.perf_counter
        while n_applied < len(commands):
            n_in_run = 0
            if self._postpones and type(commands[n_applied]) is LearnFeatures:
                n_in_run = self._apply_run(commands, n_applied, deadline)
            if n_in_run:
                n_applied += n_in_run
            else:
                self._apply_one(commands[n_applied])
                n_applied += 1
            if self.spoiled or clock() > deadline:
                break
        return n_applied

    def _apply_run(self, commands: Sequence[Command], start: int, deadline: float) -> int:
        """Apply learns that come one after the other from `start` on; return of how many that is."""
        learned: list[tuple[GroundTruth, Prediction]] = []
        spoiled: Spoiled | None = None
        try:
            self.hot.learn_run(_of_a_run(commands, start, self.hot.contract), learned, deadline)
        except Spoiled as error:
            spoiled = error
        end = start + len(learned)
        if learned:
            self._take_run(cast("Sequence[LearnFeatures]", commands[start:end]), learned)
        if spoiled is not None:
            end += 1
            self._fail(commands[end - 1], spoiled)
        if any(command.relies_on_default for command in commands[start:end]):
            self.write.relies_on_default = True
        return end - start

    def _take_run(
        self, run: Sequence[LearnFeatures], learned: Sequence[tuple[GroundTruth, Prediction]]
    ) -> None:
        hot = self.hot
        came_at = (command.received_at for command in run)
        # See `stamp`.
        _, *times = accumulate(came_at, max, initial=hot.learned_at)
        hot.learned_at = times[-1]
        self._late.add_run(run, learned, times)
        self.answers += zip(run, range(hot.seq + 1 - len(run), hot.seq + 1), repeat(None), strict=False)
        if self._wants_events:
            for command, (y_true, y_pred) in zip(run, learned, strict=True):
                self._tell_learned(command.text, y_pred, y_true)

    def _apply_one(self, command: Command) -> None:
        if command.relies_on_default:
            self.write.relies_on_default = True
        try:
            if command.permits is not None:
                self._check_permitted(command, command.permits)
            self.answers.append((command, _HANDLERS[type(command)](self, command), None))
        except BaseException as error:
            self._fail(command, error)

    def _check_permitted(self, command: Command, permits: Callable[[str], bool]) -> None:
        """Raise `Forbidden` unless who asks may use this model, and the one whose prediction it is about."""
        names = [self.state.name]
        if isinstance(command, LearnById):
            # Where it does not belong here, that is said first.
            pending = self._awaited.find(command, self.state)
            names += [] if pending is None else [pending.model_name]
        elif isinstance(command, Predict) and command.prediction_id is not None:
            # It would take the place of what is pending.
            replaced = self._awaited.under(command.prediction_id)
            names += [] if replaced is None else [replaced.model_name]
        if not all(map(permits, names)):
            raise Forbidden("The token is not for the model that this is about.")

    def _fail(self, command: Command, error: BaseException) -> None:
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

    def _predict(self, command: Predict) -> Predicting:
        hot, asks = self.hot, False
        # Asked once: whoever withdraws it may change it at any moment.
        prediction_id = command.prediction_id
        if command.has_members or not hot.is_plain:
            members.take(command, hot.flavor)
            asks = hot.flavor.asks
        if hot.contract is not None:
            hot.check_features(command.x)
        prediction = hot.predict(command.x)
        if asks:
            # Before anything is kept: it may raise.
            asks_now = hot.asks(command.text, prediction_id, prediction)
        self.write.n_predictions += 1
        self.write.last_predicted_at = command.received_at
        if prediction_id is not None:
            self.write.predicted[prediction_id] = Pending(
                prediction_id=prediction_id,
                model_id=self.state.model_id,
                model_name=self.state.name,
                token=new_token(),
                features=command.text.decode(),
                prediction=learns.encode_prediction(prediction) if hot.is_plain else encoded(prediction),
                predicted_at=max(command.received_at, self.hot.learned_at),
                flavor=self.state.flavor,
                owner=None if command.lease is None else command.lease.owner,
            )
        if not hot.is_plain:
            if hot.flavor.records(prediction_id):
                record_prediction(self, command, prediction)
            prediction = hot.flavor.shown(prediction)
        if self._wants_events:
            text = features.as_asked(command.text)
            self.events.append(
                Predicted(
                    model=self.state.name,
                    features=text,
                    prediction=prediction,
                    flavor=self.state.flavor,
                    features_kept=self.state.features_kept,
                )
            )
        if asks:
            return self.state.name, prediction, {options.ASK: asks_now}
        return self.state.name, prediction

    def _predict_in_detail(self, command: PredictInDetail) -> tuple[str, Prediction, Details]:
        # First: what is refused must leave nothing pending.
        options.check(self.hot.flavor, command.options)
        if command.has_members:
            members.take(command, self.hot.flavor)
        if self.hot.contract is not None:
            self.hot.check_features(command.x)
        details = self.hot.details(command.text, [name for name in command.options if name != options.ASK])
        name, prediction, *own = self._predict(command)
        if options.INTERVAL in details and command.prediction_id is not None:
            # To be scored by it, too.
            self._awaited.replace(
                command.prediction_id,
                surrounded(prediction, details[options.INTERVAL]),  # type: ignore[arg-type]
            )
        if own:
            details |= own[0]
        elif options.ASK in command.options:
            details[options.ASK] = options.is_worth_asking(prediction)
        return name, prediction, details

    def _learn_by_id(self, command: LearnById) -> int:
        pending = self._find_pending(command)
        if pending.model_id != self.state.model_id:
            return self._learn_of_another(command, pending)
        if pending.flavor != self.state.flavor:
            # A model of another flavor had the name, and what it had pending is gone with it.
            raise PredictionNotPending(command.prediction_id)
        flavor = self.hot.flavor
        y_true = self.hot.ground_truth(command.ground_truth)
        if y_true is None and pending.is_learned:
            raise PredictionNotPending(command.prediction_id)
        y_pred = learns.decode_prediction(pending.prediction)
        x = flavor.taught(self.hot.read(pending.features), y_pred)
        if flavor.takes:
            self.check_fit(x, y_true)
        self.learn(x, y_true, y_pred, only_scores=y_true is not None and flavor.scores_late)
        self._awaited.forget(command.prediction_id)
        if y_true is None and flavor.scores_late:
            # What is true may come yet.
            self._awaited.keep_learned(pending)
        self.record(
            Learn(
                prediction_id=command.prediction_id,
                features=msgspec.Raw(pending.features),
                prediction=msgspec.Raw(pending.prediction),
                ground_truth=y_true,
                predicted_at=pending.predicted_at,
                learned_at=self.stamp(command.received_at, pending.predicted_at),
            ),
            y_pred,
        )
        return self.hot.seq

    def _learn_of_another(self, command: LearnById, pending: Pending) -> int:
        """Learn from the features that another model had; what is scored is predicted now."""
        y_true = self.hot.ground_truth(command.ground_truth)
        text = members.text_for(self.hot.flavor, pending)
        # The model may write to what it predicts from.
        x = self.hot.read(text)
        if self.hot.contract is not None:
            self.hot.check_features(x)
        self.check_fit(x, y_true)
        y_pred = self.hot.expected(x)
        self.learn(self.hot.read(text), y_true, y_pred)
        self._awaited.forget(command.prediction_id)
        self.record(
            Learn(
                prediction_id=command.prediction_id,
                features=msgspec.Raw(text),
                prediction=msgspec.Raw(learns.encode_prediction(y_pred)),
                ground_truth=y_true,
                predicted_at=None,
                learned_at=self.stamp(command.received_at),
            ),
            y_pred,
        )
        return self.hot.seq

    def _learn_features(self, command: LearnFeatures) -> int:
        hot = self.hot
        if command.has_members or not hot.is_plain:
            members.take(command, hot.flavor)
        if hot.contract is not None:
            hot.check_features(command.x)
        y_true = hot.ground_truth(command.ground_truth)
        if not hot.is_plain:
            self.check_fit(command.x, y_true)
        # The model may write to what it predicts from.
        is_timed = hot.flavor.clock is not None
        x = hot.read(command.text) if is_timed else features.copied(command.x, command.text)
        if self._postpones:
            return self._learn_and_write_later(command, x, y_true)
        y_pred = hot.predict(command.x) if hot.is_plain else hot.expected(command.x)
        # Before the model changes: it may have predicted what cannot be kept.
        prediction = learns.encode_prediction(y_pred)
        self.learn(x, y_true, y_pred)
        self.record(
            Learn(
                prediction_id=None,
                features=msgspec.Raw(command.text),
                prediction=msgspec.Raw(prediction),
                ground_truth=y_true,
                predicted_at=None,
                learned_at=self.stamp(command.received_at),
            ),
            y_pred,
        )
        return self.hot.seq

    def _learn_and_write_later(self, command: LearnFeatures, x: Features, y_true: GroundTruth) -> int:
        hot = self.hot
        y_pred = hot.predict(command.x)
        self.learn(x, y_true, y_pred)
        self._late.add(command, y_true, y_pred, self.stamp(command.received_at))
        if self._wants_events:
            self._tell_learned(command.text, y_pred, y_true)
        return hot.seq

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
        if self._wants_events:
            self._tell_learned(bytes(learn.features), y_pred, learn.ground_truth)

    def _tell_learned(self, text: bytes, y_pred: Prediction, y_true: GroundTruth) -> None:
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

    def _find_pending(self, command: LearnById) -> Pending:
        pending = self._awaited.find(command, self.state)
        if pending is None:
            if command.ground_truth is None:
                # Where one is needed, that is the first thing to say.
                self.hot.flavor.ground_truth(None)
            raise PredictionNotPending(command.prediction_id)
        return pending

    def _inspect(self, command: Inspect) -> Vitals:
        return self.hot.vitals()

    def _describe(self, command: Describe) -> str:
        return self.hot.drawn()

    def _export(self, command: Export) -> bytes:
        return self.hot.snapshot().model


def _of_a_run(commands: Sequence[Command], start: int, contract: Contract | None) -> Iterator[LearnFeatures]:
    """Yield what is learned as it was sent, from `start` on up to what is something else, or is refused."""
    for command in islice(commands, start, None):
        if type(command) is not LearnFeatures or command.has_members or command.permits is not None:
            return
        if contract is not None and not contract.allows(command.x):
            return
        yield command


# Not in the batch: with its own methods in a member it would be a cycle, and hold on to an evicted model
# until the garbage collector comes by.
_HANDLERS: dict[type[Command], Callable[[Batch, Any], object]] = {
    Predict: Batch._predict,
    PredictInDetail: Batch._predict_in_detail,
    LearnById: Batch._learn_by_id,
    LearnFeatures: Batch._learn_features,
    LearnAgain: learn_again,
    Inspect: Batch._inspect,
    Describe: Batch._describe,
    Export: Batch._export,
}
