"""A hot model: the live object, its metrics and its seq. One thread at a time works on it."""

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from models_app.domain import blobs, drawings, features, scoring
from models_app.domain.contracts import Contract
from models_app.domain.draws import Draws
from models_app.domain.errors import InvalidGroundTruth, InvalidRequest, ModelRaised
from models_app.domain.failing import described, pass_on_interrupt
from models_app.domain.features import Features
from models_app.domain.intervals import surrounded
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.purity import Nature, nature_of
from models_app.domain.remarks import Remark
from models_app.domain.scoreboards import Scoreboard
from models_app.domain.scoring import GroundTruth, Metrics, Scorer, Scores
from models_app.domain.set_orders import Settlement
from models_app.engine.commands import LearnFeatures
from models_app.engine.habits import Habits
from models_app.engine.ports import ModelState, SnapshotData
from models_app.engine.vitals import Vitals
from models_app.paradigms import label_types, options, read_only, timed
from models_app.paradigms.base import Paradigm
from models_app.paradigms.options import Details
from models_app.paradigms.registry import get_flavor


class Spoiled(Exception):
    """A learn failed halfway: the object in memory is no state of the journal any more."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(described(error))
        self.error = error


class HotModel:
    """The fold of a journal over a snapshot, in memory.

    `replay_seconds` is what it would cost to come from the newest snapshot to here, `snapshot_seconds` what
    the next snapshot is expected to cost. `learned_at` is when its last learn happened, in seconds since the
    epoch, 0.0 before the first.
    """

    __slots__ = (
        "_board",
        "_course",
        "_draws",
        "_habits",
        "_is_scored",
        "_keeps_label_type",
        "_learn_one",
        "_postponed",
        "_predict_one",
        "_scorer",
        "_scores",
        "contract",
        "flavor",
        "generation",
        "is_known",
        "is_plain",
        "learned_at",
        "model",
        "model_id",
        "postpones_scores",
        "read",
        "replay_seconds",
        "seq",
        "size_bytes",
        "snapshot_seconds",
        "snapshot_seq",
    )

    def __init__(self, state: ModelState, snapshot: SnapshotData) -> None:
        """Unpickle a snapshot of the model that `state` describes."""
        started = time.perf_counter()
        self.model: Any
        self.model, names = blobs.loads_with_names(snapshot.model)
        self._board = Scoreboard.of(blobs.loads(snapshot.metrics))
        self.snapshot_seconds = time.perf_counter() - started
        self.flavor: Paradigm = _paradigm(state, self.model)
        self.model_id = state.model_id
        self.generation = state.generation
        self.seq = self.snapshot_seq = snapshot.seq
        self.learned_at = 0.0
        self.size_bytes = len(snapshot.model)
        self.replay_seconds = 0.0
        #: The contract that features are held to, if any.
        self.contract: Contract | None = None
        # Not by its generation: what is learned again after a rollback draws what it drew before.
        self._draws = Draws(state.name)
        self._habits: Habits | None = None
        self._predict_one = self.flavor.predictor(self.model)
        self._learn_one = self.flavor.learner(self.model)
        #: What it is asked with, from its JSON text as it is kept.
        self.read = self.flavor.read
        #: Whether it is asked with features, and scored as it predicts: what most are.
        self.is_plain = self.flavor.is_plain
        self._course = self._board.course = self.flavor.course(self._board.course)
        nature = nature_of(names, apart_from=self.flavor.passed_over)
        #: Whether there is nothing to find out about it. Predictions that are all recorded may change it.
        self.is_known = (
            (self.flavor.records_predictions and self.flavor.records(None))
            or nature is Nature.KNOWN
            or (nature is Nature.UNTIL_LEARNED and self.seq > 0 and not self.flavor.is_read_only)
        )
        if not self.is_known:
            habits = Habits(self.model, nature, self._draws, self.flavor)
            self._habits = habits
            self._predict_one = habits.predict
            if not self.flavor.is_read_only:
                self._learn_one = habits.learn
        self._scorer = Scorer(self._board.metrics, self.flavor.pairs)
        self._is_scored = bool(self._board.metrics)
        self._keeps_label_type = self.flavor.keeps_label_type
        self._scores: list[Scores] = []
        #: Whether learns are scored all at once, by `score_postponed`; only where it `may_postpone`.
        self.postpones_scores = False
        self._postponed: list[tuple[GroundTruth, Prediction]] = []

    @property
    def may_postpone(self) -> bool:
        """Say whether learns can be scored after the model has learned: nothing is lost if that fails."""
        return self.is_plain and self.is_known and self._course is None

    @property
    def metrics(self) -> Metrics:
        """The metrics, up to date."""
        self._settle_scores()
        return self._board.metrics

    def take_scores(self) -> list[Scores]:
        """Return what was scored since the last time, for others to fold."""
        self._settle_scores()
        taken, self._scores = self._scores, []
        return taken

    def score_postponed(self) -> None:
        """Score what was learned and not scored yet; raises `Spoiled`: one at a time shows which it is."""
        postponed, self._postponed = self._postponed, []
        if not postponed:
            return
        try:
            self._scorer.score_all(postponed)
        except BaseException as error:
            pass_on_interrupt(error)
            raise Spoiled(error) from error

    def _settle_scores(self) -> None:
        if self._postponed:
            self.score_postponed()
        scores = self._scorer.take()
        if scores.n or scores.unscored:
            self._board.window.add(scores)
            self._scores.append(scores)

    def is_of(self, state: ModelState) -> bool:
        """Say whether this is that model, in that generation."""
        return self.model_id == state.model_id and self.generation == state.generation

    @property
    def is_replayable(self) -> bool:
        """Say whether the journal leads to this model, as far as was seen; else only its snapshots do."""
        return self._habits is None or self._habits.is_replayable

    @property
    def undoes_predictions(self) -> bool:
        """Say whether predictions are made on copies, since they change the model."""
        return self._habits is not None and self._habits.undoes_predictions

    @property
    def is_misjudged(self) -> bool:
        """Say whether predictions have changed the model before that was seen; it must be rebuilt."""
        return self._habits is not None and self._habits.is_misjudged

    def remarks(self) -> list[Remark]:
        """Return what was found out about the model."""
        return [] if self._habits is None else self._habits.remarks()

    def undo_predictions(self) -> None:
        """Have predictions made on copies from the first on."""
        if self._habits is not None:
            self._habits.undoes_predictions = True

    def predict(self, x: Features) -> Prediction:
        """Return the prediction; raises `ModelRaised`, or `Spoiled` if the model may have changed."""
        draws = self._draws
        # A prediction draws the same as long as nothing is learned.
        draws.call = 2 * self.seq
        if draws.is_used:
            draws.reset()
        try:
            return self.flavor.normalize(self._predict_one(x))
        except BaseException as error:
            pass_on_interrupt(error)
            if self._is_left_alone_by_predictions():
                raise ModelRaised(error) from error
            raise Spoiled(error) from error

    def _is_left_alone_by_predictions(self) -> bool:
        if self._habits is None:
            # Where predictions are recorded, one that fails may have changed something, and is no record.
            return not self.flavor.records_predictions
        return self._habits.undoes_predictions

    def details(self, text: bytes, asked: Sequence[str]) -> Details:
        """Return what else the model has to say of a prediction, by option; `text` is its features' JSON.

        Raises `InvalidRequest` where that is nothing, and `ModelRaised`; it changes nothing.
        """
        self._draws.call = 2 * self.seq
        self._draws.reset()
        try:
            # What may change when it predicts is not asked itself.
            model = self.model if self._habits is None else self._habits.copy()
            return options.details(model, self.flavor, asked, partial(features.decode, text))
        except InvalidRequest:
            raise
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def with_interval(self, text: bytes, y_pred: Prediction) -> Prediction:
        """Return a prediction with the interval that the model has now, if any; raises as `details`."""
        if not options.gives_intervals(self.model, self.flavor):
            return y_pred
        return surrounded(y_pred, self.details(text, [options.INTERVAL])[options.INTERVAL])  # type: ignore[no-any-return, arg-type]

    def asks(self, text: bytes, prediction_id: str | None, y_pred: Prediction) -> bool:
        """Say whether the model asks for the ground truth of what it has just predicted, from features' JSON.

        Raises `ModelRaised`; it changes nothing. What it draws is drawn for this prediction: asked again it
        answers the same until something is learned, and one answer says nothing of the next.
        """
        generator = self._draws.generator(f"ask {prediction_id!r} {text!r}")
        try:
            # What may change when it predicts is not asked itself.
            model = self.model if self._habits is None else self._habits.copy()
            return self.flavor.asks_for(model, features.decode(text), y_pred, generator)
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def check_features(self, x: Features) -> None:
        """Raise `FeatureContract` unless the model may be asked with these features.

        What is in the journal, or pending, was taken already and is not asked.
        """
        if self.contract is not None:
            self.contract.check(self.flavor.feature_objects(x))

    def expected(self, x: Features) -> Prediction:
        """Return the prediction that a learn from `x` is scored by; raises what `predict` raises."""
        if self._course is not None:
            try:
                expected = self._course.expected(self.model, x)
            except BaseException as error:
                pass_on_interrupt(error)
                raise ModelRaised(error) from error
            if expected is not None:
                return expected
        return self.predict(x)

    def ground_truth(self, value: object) -> GroundTruth:
        """Return what came as a ground truth, if the model can learn it after those that it has learned.

        Raises `InvalidGroundTruth`, `InvalidRequest`. What is in the journal is not asked: older ones have
        labels of several types.
        """
        y_true = self.flavor.ground_truth(value)
        if self._keeps_label_type:
            learned = self._board.label_type
            if type(y_true) is not learned and learned is not None:
                raise InvalidGroundTruth(label_types.mixed(y_true, learned))
        return y_true

    def learn(
        self, x: Features, y_true: GroundTruth, y_pred: Prediction, *, only_scores: bool = False
    ) -> None:
        """Score the prediction and let the model learn, unless it has learned already; raises `Spoiled`."""
        draws = self._draws
        draws.call = 2 * self.seq + 1
        if draws.is_used:
            draws.reset()
        if type(y_true) is bool and not self.flavor.has_labels:
            y_true = self.flavor.learned(y_true)
        try:
            # The prediction was made before: it does not matter that the model may have learned when it is
            # scored, unless it must be refused for that.
            if self._is_scored:
                if self.postpones_scores:
                    self._postponed.append((y_true, y_pred))
                else:
                    self._scorer.score(y_true, y_pred)
            if not only_scores:
                self._learn_one(x, y_true)
            if self._course is not None:
                self._course.learned(self.model, x, y_true)
        except BaseException as error:
            pass_on_interrupt(error)
            raise Spoiled(error) from error
        if self._keeps_label_type and self._board.label_type is None:
            self._board.label_type = type(y_true)
        self.seq += 1

    def learn_run(
        self,
        commands: Iterable[LearnFeatures],
        learned: list[tuple[GroundTruth, Prediction]],
        deadline: float,
    ) -> None:
        """Predict and learn for one command after the other; only while scores are postponed.

        What was learned and predicted is added to `learned`. A command's ground truth is asked once: whoever
        withdraws it may change it at any moment. That ends before a command that a step of its own has to
        look at, and once the time is up, which is on the clock of `time.perf_counter`. Raises `Spoiled` for
        the command after those in `learned`.
        """
        # `predict` and `learn`, without what is the same for all: it is much of a light model's time.
        draws, clock, copied = self._draws, time.perf_counter, features.copied
        flavor, predict_one, learn_one, seq = self.flavor, self._predict_one, self._learn_one, self.seq
        misfit, normalize = flavor.check_ground_truth, flavor.normalize
        keeps_type, label_type = self._keeps_label_type, self._board.label_type
        learns_bool = flavor.has_labels
        postponed = self._postponed if self._is_scored else None
        seconds = 0.0
        try:
            for command in commands:
                y_true = command.ground_truth
                kind = type(y_true)
                if (keeps_type and kind is not label_type) or (kind is bool and not learns_bool):
                    return
                if misfit(y_true) is not None:
                    return
                x = copied(command.x, command.text)
                draws.call = 2 * seq
                if draws.is_used:
                    draws.reset()
                try:
                    y_pred = normalize(predict_one(command.x))
                except BaseException as error:
                    pass_on_interrupt(error)
                    # It has changed nothing, and raises again for who tells it to the client.
                    return
                draws.call = 2 * seq + 1
                if draws.is_used:
                    draws.reset()
                started = clock()
                learn_one(x, y_true)
                ended = clock()
                seconds += ended - started
                pair = y_true, y_pred
                if postponed is not None:
                    postponed.append(pair)
                learned.append(pair)
                seq += 1
                if ended > deadline:
                    return
        except BaseException as error:
            pass_on_interrupt(error)
            raise Spoiled(error) from error
        finally:
            self.seq = seq
            self.replay_seconds += seconds

    def recorded(self, x: Features, y_pred: Prediction) -> None:
        """Take a prediction, just made, that is a record of the journal."""
        if self._course is not None:
            self._course.predicted(x, y_pred)
        if self._is_scored:
            # It counts among those that cannot be scored: one record, one place.
            self._scorer.score(None, None)
        self.seq += 1

    def replay(self, learn: Learn) -> None:
        """Apply one record of the journal, within `drawing`; raises `Spoiled`."""
        flavor, x, y_true, y_pred = self.flavor, self.read(learn.features), learn.y_true(), learn.y_pred()
        if y_true is None and flavor.records_predictions:
            self.predict(x)
            self.recorded(x, y_pred)
        else:
            only_scores = flavor.scores_late and y_true is not None and learn.predicted_at is not None
            self.predict_again(learn)
            self.learn(flavor.taught(x, y_pred), y_true, y_pred, only_scores=only_scores)
        self.learned_at = max(self.learned_at, learn.learned_at)

    def predict_again(self, learn: Learn) -> None:
        """Make the prediction that a learn itself has made, where it may have changed the model."""
        if self.flavor.records_predictions and learn.predicted_at is None:
            self.expected(self.flavor.taught(self.read(learn.features), learn.y_pred()))

    def drawing(self) -> AbstractContextManager[None]:
        """Return a context in which `predict`, `learn` and `replay` draw what can be drawn again."""
        return self._draws

    def snapshot(self, settlement: Settlement | None = None) -> SnapshotData:
        """Return the bytes of the model and its metrics as they are now; raises `ModelRaised`.

        Its class may refuse to be pickled in this state; that changes nothing. `settlement` is to be made
        once the snapshot is kept.
        """
        self._settle_scores()
        try:
            # First: some of River's take in what they were updated with when they are asked.
            values = scoring.values(self._board.metrics)
            return SnapshotData(
                seq=self.seq,
                model=blobs.dumps(self.model, settlement=settlement),
                metrics=blobs.dumps(self._board, settlement=settlement),
                values=values,
            )
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def drawn(self) -> str:
        """Return the model as it draws itself: HTML as Jupyter shows it, else what `repr` says, escaped.

        Raises `ModelRaised`: it only looks at itself.
        """
        try:
            return drawings.drawn(self.model)
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def vitals(self) -> Vitals:
        """Return the figures as they are now; raises `ModelRaised` where a metric cannot be had."""
        try:
            return self._vitals()
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error

    def _vitals(self) -> Vitals:
        # What the window says takes a while to compute: that is for who asked, in a thread of its own.
        return Vitals(
            seq=self.seq,
            metrics=scoring.values(self.metrics),
            window=self._board.window.copy(),
            kinds=tuple(map(scoring.kind_of, self._board.metrics)),
            pairs=self.flavor.pairs,
            size_bytes=self.size_bytes,
            snapshot_seq=self.snapshot_seq,
            is_replayable=self.is_replayable,
            held=(self.model, self._board),
        )


def _paradigm(state: ModelState, model: object) -> Paradigm:
    found = get_flavor(state.flavor).served_by(state.predict_method).serving(model)
    found = timed.of(found, model)
    return read_only.of(found) if state.is_read_only else found
