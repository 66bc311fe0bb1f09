"""Forecasting: the next numbers of a series, from those before."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, cast

from river import metrics
from river.time_series.base import Forecaster

from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth, Scores
from models_app.paradigms.base import FEATURES, Course, Member, Members, Paradigm, last_step
from models_app.paradigms.horizon_metrics import HorizonMetric
from models_app.paradigms.numbers import overflowing
from models_app.paradigms.open_forecasts import OpenForecasts, forecast, plain

#: How many steps ahead a forecast may go.
MAX_HORIZON = 1_000
#: The steps ahead that have metrics of their own.
STEPS = (1, 3, 6, 12)
_KINDS = (metrics.MAE, metrics.RMSE, metrics.SMAPE)
_HORIZON, _XS = "horizon", "xs"
_NO_FEATURES = f"not taken to forecast: '{_XS}' has the features of each step"
_ONLY_FEATURES = "not taken to learn: an observation has a ground truth, and 'features' if any"


def _metric(kind: type[metrics.base.RegressionMetric], step: int | None = None) -> HorizonMetric:
    return HorizonMetric(kind(), step)


def by_steps(y_pred: Prediction) -> dict[int, float]:
    """Return forecasts of one value by the steps ahead; of a list, what it says of the next one.

    >>> by_steps({1: 5.0, 2: None}), by_steps([4.0, 3.0]), by_steps(None)
    ({1: 5.0}, {1: 4.0}, {})
    """
    if isinstance(y_pred, list):
        y_pred = {1: y_pred[0]} if y_pred else {}
    found: dict[Any, Any] = y_pred if isinstance(y_pred, dict) else {}
    return {step: value for step, value in found.items() if predictions.is_scorable(value)}


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[Any, dict[int, float]]]:
    found = {} if y_true is None else by_steps(y_pred)
    return ((y_true, found),) if found else ()


def _nearest(y_pred: Prediction) -> float | None:
    found = by_steps(y_pred)
    return float(found[min(found)]) if found else None


class Forecasting(Paradigm):
    """The next numbers of a series are predicted by `forecast`, and learned one by one.

    A learn is the next observation. Its prediction, in the journal, is what was forecast of it, by the number
    of steps ahead: {1: 5.2, 2: 5.0}.
    """

    name = "forecasting"
    predict_method = "forecast"
    metrics = (
        *(partial(_metric, kind) for kind in _KINDS),
        *(partial(_metric, kind, step) for kind in _KINDS for step in STEPS),
    )
    pairs = staticmethod(_pairs)
    normalize = staticmethod(plain)
    wanted = "a forecaster"
    answer_in_words = "a list of numbers"
    kinds = (Forecaster,)
    described = "a forecaster, which predicts the next values of a series"
    takes = MappingProxyType(
        {
            _HORIZON: Member(
                {"type": "integer", "minimum": 1, "maximum": MAX_HORIZON}, "How many steps ahead to forecast."
            ),
            _XS: Member(
                {"type": "array", "items": {"type": "object"}},
                "Features of each step of the horizon, where the series has any.",
            ),
        }
    )
    records_predictions = True
    keeps_recorded = False
    trial_inputs = (
        lambda _: {_HORIZON: 3},
        lambda number: {FEATURES: _trial_x(number), _HORIZON: 2, _XS: [_trial_x(number + 1)] * 2},
    )
    trial_truths = (lambda number: 0.5 + (5 * number % 7),)
    example_truth = "2.5"
    diagnosis = "forecasts"
    errors_in_words = "a forecast's errors"

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:  # noqa: D102
        return {"learn_one": ("ground truth", FEATURES), "forecast": (_HORIZON, _XS)}

    def check_members(self, members: Members, *, learns: bool) -> None:  # noqa: D102
        if learns:
            reasons = {name: [_ONLY_FEATURES] for name in members if name != FEATURES}
        else:
            reasons = {
                name: [_NO_FEATURES] if name == FEATURES else [f"not taken by the flavor '{self.name}'"]
                for name in members
                if name not in self.takes
            } | _refused(members)
        if reasons:
            raise InvalidRequest(reasons)

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what forecasts: horizon and features of its steps in."""

        def forecast_of(x: Any) -> object:
            return forecast(model, x[_HORIZON], x.get(_XS))

        return forecast_of

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what lets the model learn the next observation."""
        learn_one = model.learn_one
        # Steps before the last one transform features, if only none.
        nothing: dict[str, object] | None = None if last_step(model) is model else {}
        # By name: a forecaster takes the ground truth first, a pipeline takes it last.
        return lambda x, y: learn_one(y=y, x=x.get(FEATURES) or _copied(nothing))  # type: ignore[union-attr]

    def feature_objects(self, x: Features) -> Sequence[tuple[str, object]]:
        """Return the features of an observation, or those of the steps that are to be forecast."""
        members = cast("Members", x)
        if _HORIZON not in members:
            return super().feature_objects(x)
        return [(f"{_XS}[{number}]", step) for number, step in enumerate(members.get(_XS, ()))]

    def course(self, kept: Any) -> Course:
        """Return the forecasts that wait for their observations."""
        return kept or OpenForecasts()

    def records(self, prediction_id: str | None) -> bool:
        """Say yes where a client wants it scored."""
        return prediction_id is not None

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "must be a number, the next one of the series"
        return overflowing(value)

    def error(self, y_true: GroundTruth, y_pred: Prediction) -> float | None:
        """Return how far off the latest forecast was."""
        nearest = _nearest(y_pred)
        return None if nearest is None else float(abs(y_true - nearest))  # type: ignore[operator]

    def errors(self, scores: Scores) -> Sequence[float]:  # noqa: D102
        return [abs(y_true - y_pred[min(y_pred)]) for y_true, y_pred in scores.others]  # type: ignore[operator, index, arg-type]

    def level(self, y_pred: Prediction) -> float | None:
        """Return the latest forecast."""
        return _nearest(y_pred)


def _refused(members: Members) -> dict[str, list[str]]:
    """Return why a forecast cannot be asked for, by member."""
    if _HORIZON not in members:
        return {_HORIZON: ["required field"]}
    horizon, xs = members[_HORIZON], members.get(_XS)
    if type(horizon) is not int or not 1 <= horizon <= MAX_HORIZON:
        return {_HORIZON: [f"must be an integer from 1 to {MAX_HORIZON:,}"]}
    if _XS not in members:
        return {}
    if not isinstance(xs, list) or not all(isinstance(x, dict) for x in xs):
        return {_XS: ["must be an array of objects: the features of each step"]}
    if len(xs) != horizon:
        return {_XS: [f"must have features for each step of the horizon: {horizon}, not {len(xs)}"]}
    return {}


def _copied(nothing: dict[str, object] | None) -> dict[str, object] | None:
    # The model may write to it.
    return None if nothing is None else {}


def _trial_x(number: int) -> dict[str, object]:
    return {"a": (7 * number % 5) / 2 + 0.25, "b": (3 * number % 7) - 1.5}


FORECASTING = Forecasting()
