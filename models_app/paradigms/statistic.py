"""Statistics: running aggregates, sketches and distributions, updated with values and read."""

from collections.abc import Callable, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest, NoFeatures
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.paradigms import readings
from models_app.paradigms.base import AT, FEATURES, NO_CLOCK, Course, MakeTruth, Member, Members, Paradigm
from models_app.paradigms.clocks import Clock
from models_app.paradigms.moments import MOMENT, moment
from models_app.paradigms.numbers import overflowing
from models_app.paradigms.unread import Unread
from models_app.paradigms.updates import Update, update_of

#: The member of requests that a sketch or a distribution is asked about.
OF = "of"
_ASKED_ABOUT = Member(
    schema={},
    description="What a statistic is asked about, such as a value whose count or probability is wanted.",
)

_NOT_TAKEN = "not taken by this model"


def _pairs(_y_true: GroundTruth, _y_pred: Prediction) -> tuple[()]:
    return ()


def _several(names: Sequence[str], number: int) -> GroundTruth:
    return {name: 0.5 + number % (3 + place) for place, name in enumerate(names)}


def _value_fault(value: object) -> str | None:
    if isinstance(value, int | float):
        return overflowing(value)
    return None if isinstance(value, str) else "must be a number, a string or a boolean"


class Statistic(Paradigm):
    """A value is taken by `update`, and what it all comes to is read by `get`. Nothing is scored."""

    name = "statistic"
    predict_method = "get"
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "a statistic"
    kinds = readings.KINDS
    described = "a statistic, which is updated and read"
    takes = MappingProxyType({AT: MOMENT, OF: _ASKED_ABOUT})
    trial_inputs = (
        lambda _: {},
        lambda number: {AT: f"2026-01-01T00:{number // 60:02}:{number % 60:02}"},
        lambda number: {FEATURES: {"a": 0.5 + number % 5, "b": 1.5 * (number % 3)}},
    )
    trial_truths: tuple[MakeTruth, ...] = (
        lambda number: 0.5 + number % 5,
        lambda number: ("red", "green", "blue")[number % 3],
        lambda number: number % 2 == 0,
    )
    models_differ = True
    example_truth = "2.5"
    diagnosis = "values"

    def __init__(self, update: Update | None = None, *, can_be_asked: bool = True) -> None:
        self.update = update or Update()
        self.can_be_asked = can_be_asked
        if self.update.takes_moment:
            self.clock = Clock(is_needed=self.update.needs_moment)
        self.needs_truth = not self.update.of_features
        if self.update.takes_several:
            self.trial_truths = (partial(_several, self.update.required),)
        elif self.update.of_features:
            self.trial_truths = (lambda _: None,)
            # What it was updated with are features.
            self.diagnosis = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that a model must have."""
        return ("update", self.predict_method)

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:
        """Nothing: what updates take shows in the trial."""
        return {}

    def missing_methods(self, model: object) -> list[str]:
        """Return the methods that `model` lacks; some of River's are read in ways of their own."""
        missing = [method for method in self.methods if not callable(getattr(model, method, None))]
        return [method for method in missing if method == "update" or readings.read_by(model) is None]

    def serving(self, model: object) -> Paradigm:
        """Return the paradigm of a model, by what its `update` takes."""
        return Statistic(update_of(model), can_be_asked=readings.asked_by(model) is not None)

    def check_members(self, members: Members, *, learns: bool) -> None:
        """Raise `InvalidRequest` unless a model can be read so, or updated; `NoFeatures` as of `Paradigm`.

        Features of a model that takes other values are not looked at.
        """
        super().check_members(members, learns=learns)
        if learns and self.update.of_features and FEATURES not in members:
            raise NoFeatures
        reasons = {
            AT: self._moment_fault(members, learns=learns),
            OF: self._question_fault(members, learns=learns),
        }
        found = {name: [reason] for name, reason in reasons.items() if reason}
        if found:
            raise InvalidRequest(found)

    def _moment_fault(self, members: Members, *, learns: bool) -> str | None:
        if AT not in members:
            return "required field" if learns and self.update.needs_moment else None
        return NO_CLOCK if self.clock is None else self.clock.fault(members[AT])

    def _question_fault(self, members: Members, *, learns: bool) -> str | None:
        if OF not in members:
            return None
        if learns:
            return "only of a reading"
        return None if self.can_be_asked else _NOT_TAKEN

    def predictor(self, model: Any) -> Callable[[Any], object]:
        """Return what reads the model, or asks it about a value."""
        measured = readings.measured(model)
        read = readings.read_by(model)
        ask = readings.asked_by(model)

        def answer(members: Any) -> object:
            if ask is not None and OF in members:
                return ask(measured, members[OF])
            return model.get() if read is None else read(measured)

        return answer

    def learner(self, model: Any) -> Callable[[Any, GroundTruth], object]:
        """Return what updates the model: with a ground truth, with its members by name, or with features."""
        update = readings.updated_by(model)
        of_features = self.update.of_features

        def learn(members: Any, y_true: GroundTruth) -> None:
            at = {AT: moment(members[AT])} if AT in members else {}
            if of_features:
                update(members[FEATURES], **at)
            elif isinstance(y_true, dict):
                update(**y_true, **at)
            else:
                update(y_true, **at)

        return learn

    def course(self, kept: Any) -> Course:
        """Return what does not read a model before each update."""
        return Unread()

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if self.update.of_features:
            return "not taken by this model: its values are features"
        if isinstance(value, dict):
            return self._values_fault(value)
        if self.update.takes_several:
            return self.update.in_words()
        return _value_fault(value)

    def _values_fault(self, values: dict[str, Any]) -> str | None:
        if not set(self.update.required) <= set(values) <= set(self.update.names):
            return self.update.in_words()
        faults = ((name, _value_fault(value)) for name, value in values.items())
        return next((f"'{name}' {reason}" for name, reason in faults if reason), None)

    def feature_objects(self, x: Features) -> Sequence[tuple[str, object]]:
        """Return the features that the model is updated with; none where it takes others, or is read."""
        return super().feature_objects(x) if FEATURES in x else ()

    def level(self, y_pred: Prediction) -> float | None:
        """Return a reading that is a number."""
        return float(y_pred) if isinstance(y_pred, int | float) and predictions.is_scorable(y_pred) else None


STATISTIC = Statistic()
