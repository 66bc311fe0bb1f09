"""Transformation: features from features. Models learn without a ground truth, unless they are supervised."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from river import base

from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest, NoFeatures
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.paradigms import trial_features
from models_app.paradigms.base import AT, FEATURES, NO_CLOCK, Course, MakeInputs, Members, Paradigm
from models_app.paradigms.clocks import Clock, Told, clock_of
from models_app.paradigms.moments import MOMENT
from models_app.paradigms.numbers import overflowing
from models_app.paradigms.unread import Unread


def _pairs(_y_true: GroundTruth, _y_pred: Prediction) -> tuple[()]:
    return ()


def _by_name(features: object) -> object:
    """Return features whose names are texts: River's of several words are tuples of these."""
    if not isinstance(features, Mapping):
        return features
    return {" ".join(map(str, name)) if type(name) is tuple else name: features[name] for name in features}


def _with(make: MakeInputs, number: int) -> Features:
    return {FEATURES: make(number)}


class Transform(Paradigm):
    """Features are made of features by `transform_one`. Nothing is scored.

    `needs_truth`: of transformers that learn from a ground truth; `clock`: of those that go by time.
    """

    name = "transform"
    predict_method = "transform_one"
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "a transformer"
    answer_in_words = "a dictionary of numbers, strings and booleans"
    kinds = (base.Transformer, base.SupervisedTransformer)
    described = "a transformer, which makes features of features"
    takes = MappingProxyType({AT: MOMENT})
    trial_inputs = tuple(partial(_with, make) for make in trial_features.KINDS)
    trial_truths = (lambda number: 0.5 + number % 5,)
    models_differ = True
    predicts_features = True
    example_truth = "2.5"
    diagnosis = ""

    def __init__(self, *, needs_truth: bool = False, clock: Clock | None = None) -> None:
        self.needs_truth = needs_truth
        self.clock = clock

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:
        """What `transform_one` is called with; what learns takes shows in the trial."""
        return {self.predict_method: (FEATURES,)}

    def serving(self, model: object) -> Paradigm:
        """Return the paradigm of a model, by what its `learn_one` takes."""
        needs_truth = getattr(model, "_supervised", False) is True
        return Transform(needs_truth=needs_truth, clock=clock_of(model))

    def check_members(self, members: Members, *, learns: bool) -> None:
        """Raise `InvalidRequest` unless there are features, and `t` is a moment; `NoFeatures` as before."""
        super().check_members(members, learns=learns)
        if learns and not members:
            raise NoFeatures
        reasons = {} if FEATURES in members else {FEATURES: ["required field"]}
        reason = self._moment_fault(members, learns=learns)
        if reason:
            reasons[AT] = [reason]
        if reasons:
            raise InvalidRequest(reasons)

    def _moment_fault(self, members: Members, *, learns: bool) -> str | None:
        if AT not in members:
            is_missed = learns and self.clock is not None and self.clock.is_needed and not self.is_read_only
            return "required field" if is_missed else None
        return NO_CLOCK if self.clock is None else self.clock.fault(members[AT])

    def predictor(self, model: Any) -> Callable[[Any], object]:
        """Return what transforms features."""
        told = Told(model, self.predict_method)

        def transformed(members: Any) -> object:
            told.at = self._moment(members)
            return _by_name(told.transform_one(members[FEATURES]))

        return transformed

    def _moment(self, members: Members) -> datetime | float | None:
        return None if self.clock is None or AT not in members else self.clock.read(members[AT])

    def learner(self, model: Any) -> Callable[[Any, GroundTruth], object]:
        """Return what lets the model learn; a ground truth that it does not need is not for it."""
        told = Told(model, self.predict_method)

        def learn(members: Any, y_true: GroundTruth) -> None:
            told.at = self._moment(members)
            told.learn_one(*((members[FEATURES], y_true) if self.needs_truth else (members[FEATURES],)))

        return learn

    def course(self, kept: Any) -> Course:
        """Return what does not ask a model before each learn."""
        return Unread()

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if isinstance(value, int | float):
            return overflowing(value)
        return None if isinstance(value, str) else "must be a number, a string or a boolean"


#: Of models that are not at hand: any of them may go by time.
TRANSFORM = Transform(clock=Clock())
