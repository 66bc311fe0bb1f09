"""One batch: requests applied in order to a hot model, with what they write and answer."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from models_app.domain import features, learns
from models_app.domain.errors import (
    ChantillyError,
    InvalidGroundTruth,
    ModelRaised,
    NotReplayable,
    PredictionNotPending,
    code_of,
)
from models_app.domain.features import Features
from models_app.domain.intervals import IntervalPrediction, surrounded
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.engine import members
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
from models_app.engine.hot import HotModel, Spoiled, Vitals
from models_app.engine.ports import Event, Learned, ModelState, Pending, Predicted, Replayed, Write
from models_app.paradigms import options
from models_app.paradigms.options import Details

_TOKEN_BITS = 62
# Not the process's generator, which a model may seed: a token must never come again.
_tokens = random.Random()  # noqa: S311  # no secret
os.register_at_fork(after_in_child=_tokens.seed)


# Where a learn is to stand that is written down at the end of its batch.
_PLACE = Learn(
    prediction_id=None,
    features=msgspec.Raw(b"null"),
    prediction=msgspec.Raw(b"null"),
    ground_truth=None,
    predicted_at=None,
    learned_at=0.0,
)


class _Elsewhere(Exception):
    """Another model is to learn it: the one that predicted the id, or the one that the request names."""

    def __init__(self, name: str) -> None:
        self.name = name


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
        # Learns that are written down at the end, and their places.
        self._late: list[tuple[int, LearnFeatures, GroundTruth, Prediction, float]] = []
        self._postpones = hot.postpones_scores = not is_careful and hot.may_postpone
        self._state = state
        self._hot = hot
        self._stored = stored
        self._wants_events = wants_events

    def apply(self, commands: Sequence[Command], deadline: float) -> int:
        """Apply commands until one spoils the model or the time is up; return how many were applied.

        `deadline` is on the clock of `time.perf_counter`; one command at least is applied.
        """
        with self._hot.drawing():
            n_applied = self._apply_all(commands, deadline)
        self._keep_up()
        return n_applied

    def _apply_all(self, commands: Sequence[Command], deadline: float) -> int:
        answers, clock = self.answers, time.perf_counter
        n_applied = 0
        for command in commands:
            n_applied += 1
            if command.relies_on_default:
                self.write.relies_on_default = True
            try:
                answers.append((command, _HANDLERS[type(command)](self, command), None))
            except BaseException as error:
                self._fail(command, error)
                if self.spoiled:
                    break
            if clock() > deadline:
                break
        return n_applied

    def _keep_up(self) -> None:
        """Score and write down what was learned: for many at once that takes a third of the time."""
        try:
            late, self._late = self._late, []
            texts = learns.encode_predictions([y_pred for _, _, _, y_pred, _ in late]) if late else []
            for (place, command, y_true, _, learned_at), text in zip(late, texts, strict=True):
                self.write.learns[place] = Learn(
                    prediction_id=None,
                    features=msgspec.Raw(command.text),
                    prediction=text,
                    ground_truth=y_true,
                    predicted_at=None,
                    learned_at=learned_at,
                )
            if not self.spoiled:
                self._hot.score_postponed()
        except (ModelRaised, Spoiled):
            self.is_void = True

    def _fail(self, command: Command, error: BaseException) -> None:
        match error:
            case ChantillyError():
                self._refuse(command, error)
            case _Elsewhere():
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
        self.answers.append((command, None, error))
        if command.is_timed:
            self.refused.append(code_of(error))

    def _predict(self, command: Predict) -> tuple[str, Prediction]:
        hot = self._hot
        if command.has_members or not hot.is_plain:
            members.take(command, hot.flavor)
        prediction = hot.predict(command.x)
        self.write.n_predictions += 1
        self.write.last_predicted_at = command.received_at
        if command.prediction_id is not None:
            self.write.predicted[command.prediction_id] = Pending(
                prediction_id=command.prediction_id,
                model_id=self._state.model_id,
                model_name=self._state.name,
                token=_tokens.getrandbits(_TOKEN_BITS),
                features=command.text.decode(),
                prediction=learns.encode_prediction(prediction),
                predicted_at=max(command.received_at, self._hot.learned_at),
                flavor=self._state.flavor,
            )
        if not hot.is_plain:
            if hot.flavor.records(command.prediction_id):
                self._record_prediction(command, prediction)
            prediction = hot.flavor.shown(prediction)
        if self._wants_events:
            self.events.append(
                Predicted(model=self._state.name, features=command.text, prediction=prediction)
            )
        return self._state.name, prediction

    def _predict_in_detail(self, command: PredictInDetail) -> tuple[str, Prediction, Details]:
        # First: what is refused must leave nothing pending.
        options.check(self._hot.flavor, command.options)
        if command.has_members:
            members.take(command, self._hot.flavor)
        details = self._hot.details(command.text, command.options)
        answer = self._predict(command)
        if options.INTERVAL in details and command.prediction_id is not None:
            self._keep_interval(command.prediction_id, surrounded(answer[1], details[options.INTERVAL]))  # type: ignore[arg-type]
        return *answer, details

    def _keep_interval(self, prediction_id: str, prediction: Prediction) -> None:
        """Keep a prediction with its interval, to be scored by it."""
        pending = self.write.predicted[prediction_id]
        text = learns.encode_prediction(prediction)
        self.write.predicted[prediction_id] = replace(pending, prediction=text)

    def _record_prediction(self, command: Predict, prediction: Prediction) -> None:
        """Take a prediction into the journal: it has changed the model, or what is kept beside it."""
        text = _encoded(prediction)
        self._hot.recorded(command.x, prediction)
        learn = Learn(
            prediction_id=command.prediction_id,
            features=msgspec.Raw(command.text),
            prediction=text,
            ground_truth=None,
            predicted_at=None,
            learned_at=self._stamp(command.received_at),
        )
        self.write.learns.append(learn)
        if command.prediction_id is not None and not self._hot.flavor.keeps_recorded:
            del self.write.predicted[command.prediction_id]

    def _record_again(self, command: LearnAgain) -> None:
        learn = command.learn
        prediction = self._hot.predict(learn.x())
        text = _encoded(prediction)
        self._hot.recorded(learn.x(), prediction)
        learned_at = self._stamp(command.received_at)
        self.write.learns.append(msgspec.structs.replace(learn, prediction=text, learned_at=learned_at))

    def _learn_by_id(self, command: LearnById) -> int:
        pending = self._find_pending(command)
        if pending.model_id != self._state.model_id:
            return self._learn_of_another(command, pending)
        if pending.flavor != self._state.flavor:
            # A model of another flavor had the name, and what it had pending is gone with it.
            raise PredictionNotPending(command.prediction_id)
        flavor = self._hot.flavor
        y_true = flavor.ground_truth(command.ground_truth)
        if y_true is None and pending.is_learned:
            raise PredictionNotPending(command.prediction_id)
        y_pred = learns.decode_prediction(pending.prediction)
        x = flavor.taught(features.decode(pending.features), y_pred)
        if flavor.takes:
            self._check_fit(x, y_true)
        self._learn(x, y_true, y_pred, only_scores=y_true is not None and flavor.scores_late)
        self._forget_pending(command.prediction_id)
        if y_true is None:
            # What is true may come yet.
            self._keep_pending(pending)
        self._record(
            Learn(
                prediction_id=command.prediction_id,
                features=msgspec.Raw(pending.features),
                prediction=msgspec.Raw(pending.prediction),
                ground_truth=y_true,
                predicted_at=pending.predicted_at,
                learned_at=self._stamp(command.received_at, pending.predicted_at),
            ),
            y_pred,
        )
        return self._hot.seq

    def _learn_of_another(self, command: LearnById, pending: Pending) -> int:
        """Learn from the features that another model had; what is scored is predicted now."""
        y_true = self._hot.flavor.ground_truth(command.ground_truth)
        text = members.text_for(self._hot.flavor, pending)
        # The model may write to what it predicts from.
        x = features.decode(text)
        self._check_fit(x, y_true)
        y_pred = self._hot.expected(x)
        self._learn(features.decode(text), y_true, y_pred)
        self._forget_pending(command.prediction_id)
        self._record(
            Learn(
                prediction_id=command.prediction_id,
                features=msgspec.Raw(text),
                prediction=msgspec.Raw(learns.encode_prediction(y_pred)),
                ground_truth=y_true,
                predicted_at=None,
                learned_at=self._stamp(command.received_at),
            ),
            y_pred,
        )
        return self._hot.seq

    def _learn_features(self, command: LearnFeatures) -> int:
        hot = self._hot
        if command.has_members or not hot.is_plain:
            members.take(command, hot.flavor)
        y_true = hot.flavor.ground_truth(command.ground_truth)
        if not hot.is_plain:
            self._check_fit(command.x, y_true)
        # The model may write to what it predicts from.
        x = features.copied(command.x, command.text)
        if self._postpones:
            return self._learn_and_write_later(command, x, y_true)
        y_pred = hot.predict(command.x) if hot.is_plain else hot.expected(command.x)
        # Before the model changes: it may have predicted what cannot be kept.
        prediction = learns.encode_prediction(y_pred)
        self._learn(x, y_true, y_pred)
        self._record(
            Learn(
                prediction_id=None,
                features=msgspec.Raw(command.text),
                prediction=msgspec.Raw(prediction),
                ground_truth=y_true,
                predicted_at=None,
                learned_at=self._stamp(command.received_at),
            ),
            y_pred,
        )
        return self._hot.seq

    def _learn_and_write_later(self, command: LearnFeatures, x: Features, y_true: GroundTruth) -> int:
        hot, written = self._hot, self.write.learns
        y_pred = hot.predict(command.x)
        self._learn(x, y_true, y_pred)
        self._late.append((len(written), command, y_true, y_pred, self._stamp(command.received_at)))
        written.append(_PLACE)
        if self._wants_events:
            self._tell_learned(command.text, y_pred, y_true)
        return hot.seq

    def _learn_again(self, command: LearnAgain) -> int:
        target, after_seq = command.target, command.seq - 1
        if target.generation != self._state.generation:
            raise NotReplayable(f"'{self._state.name}' was replaced or rolled back meanwhile.")
        replayed = self.write.replayed.setdefault(target.replay_id, Replayed(after_seq=after_seq))
        if replayed.seq != after_seq:
            raise NotReplayable(f"Somebody else lets '{self._state.name}' learn the same again.")
        flavor = self._hot.flavor
        if command.learn.ground_truth is None and flavor.records_predictions:
            self._record_again(command)
            replayed.seq = command.seq
            return self._hot.seq
        y_true = flavor.ground_truth(command.ground_truth)
        if target.scores_answers:
            learn = command.learn
            self._hot.predict_again(learn)
        else:
            learn = self._predicted_anew(command.learn)
        y_pred = learn.y_pred()
        x = flavor.taught(learn.x(), y_pred)
        only_scores = flavor.scores_late and y_true is not None and learn.predicted_at is not None
        self._learn(x, y_true, y_pred, only_scores=only_scores)
        learned_at = self._stamp(command.received_at, learn.predicted_at)
        self._record(msgspec.structs.replace(learn, learned_at=learned_at), y_pred)
        replayed.seq = command.seq
        return self._hot.seq

    def _predicted_anew(self, learn: Learn) -> Learn:
        y_pred = learn.y_pred()
        expected = self._hot.expected(self._hot.flavor.taught(learn.x(), y_pred))
        if isinstance(y_pred, IntervalPrediction):
            # As it was asked then.
            expected = self._hot.with_interval(bytes(learn.features), expected)
        prediction = learns.encode_prediction(expected)
        return msgspec.structs.replace(learn, prediction=msgspec.Raw(prediction), predicted_at=None)

    def _check_fit(self, x: Features, y_true: GroundTruth) -> None:
        """Raise `InvalidGroundTruth` where the model was asked for something else."""
        reason = self._hot.flavor.misfit(x, y_true)
        if reason is not None:
            raise InvalidGroundTruth(reason)

    def _learn(
        self, x: Features, y_true: GroundTruth, y_pred: Prediction, *, only_scores: bool = False
    ) -> None:
        started = time.perf_counter()
        self._hot.learn(x, y_true, y_pred, only_scores=only_scores)
        self._hot.replay_seconds += time.perf_counter() - started

    def _stamp(self, at: float, predicted_at: float | None = None) -> float:
        """Return when a learn happened, at `at` by the clock: never before its prediction or the last learn.

        A clock that was set back is overtaken by the journal: what follows happens at the time of what is
        there, until the clock has caught up.
        """
        hot = self._hot
        at = max(at, hot.learned_at)
        if predicted_at is not None and at < predicted_at:
            at = predicted_at
        hot.learned_at = at
        return at

    def _record(self, learn: Learn, y_pred: Prediction) -> None:
        self.write.learns.append(learn)
        if self._wants_events:
            self._tell_learned(bytes(learn.features), y_pred, learn.ground_truth)

    def _tell_learned(self, text: bytes, y_pred: Prediction, y_true: GroundTruth) -> None:
        self.events.append(
            Learned(
                model=self._state.name,
                features=text,
                prediction=self._hot.flavor.shown(y_pred),
                ground_truth=y_true,
            )
        )

    def _find_pending(self, command: LearnById) -> Pending:
        prediction_id = command.prediction_id
        pending = self.write.predicted.get(prediction_id) or self._stored.get(prediction_id)
        if pending is None:
            if command.ground_truth is None:
                # Where one is needed, that is the first thing to say.
                self._hot.flavor.ground_truth(None)
            raise PredictionNotPending(prediction_id)
        is_own = pending.model_id == self._state.model_id
        if command.name is None and not is_own:
            raise _Elsewhere(pending.model_name)
        if command.name is not None and command.name != self._state.name:
            raise _Elsewhere(command.name)
        return pending

    def _forget_pending(self, prediction_id: str) -> None:
        # A prediction of this very batch has no row yet; one that it replaced still has.
        self.write.predicted.pop(prediction_id, None)
        stored = self._stored.pop(prediction_id, None)
        if stored is not None:
            self.write.claimed.append(stored)

    def _keep_pending(self, pending: Pending) -> None:
        token = _tokens.getrandbits(_TOKEN_BITS)
        self.write.predicted[pending.prediction_id] = replace(pending, token=token, is_learned=True)

    def _inspect(self, command: Inspect) -> Vitals:
        return self._hot.vitals()

    def _describe(self, command: Describe) -> str:
        return self._hot.drawn()

    def _export(self, command: Export) -> bytes:
        return self._hot.snapshot().model


def _encoded(prediction: Prediction) -> msgspec.Raw:
    """Return a prediction that has changed the model as JSON text; raises `Spoiled`."""
    try:
        return msgspec.Raw(learns.encode_prediction(prediction))
    except ModelRaised as error:
        raise Spoiled(error) from error


# Not in the batch: with its own methods in a member it would be a cycle, and hold on to an evicted model
# until the garbage collector comes by.
_HANDLERS: dict[type[Command], Callable[[Batch, Any], object]] = {
    Predict: Batch._predict,
    PredictInDetail: Batch._predict_in_detail,
    LearnById: Batch._learn_by_id,
    LearnFeatures: Batch._learn_features,
    LearnAgain: Batch._learn_again,
    Inspect: Batch._inspect,
    Describe: Batch._describe,
    Export: Batch._export,
}
