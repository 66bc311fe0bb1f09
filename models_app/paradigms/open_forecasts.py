"""Forecasts whose values have not come yet: the course of a series."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from river.time_series import HoltWinters

from models_app.domain import predictions
from models_app.domain.failing import pass_on_interrupt
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, UnsupportedPrediction
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.base import is_a, last_step

#: How many steps ahead the server forecasts after each observation: a year of months.
HORIZON = 12
#: What is forecast further ahead is answered, and not scored: nobody is to fill the memory with it.
MAX_SCORED = 100
# A model that has gone astray forecasts what metrics cannot square.
_LARGEST = 1e150


def forecast(model: Any, horizon: int, xs: list[Any] | None) -> Any:
    """Return what the model forecasts, from features of each step if any; None: it cannot yet."""
    step = last_step(model)
    if is_a(step, HoltWinters) and not step.level:  # type: ignore[attr-defined]
        # Until it has seen a season it raises.
        return None
    return model.forecast(horizon=horizon, xs=xs)


def plain(value: object) -> list[float | None] | None:
    """Return what a model forecast as a list of floats.

    >>> plain((1, 2.5)), plain(None)
    ([1.0, 2.5], None)
    """
    if value is None:
        return None
    if isinstance(value, str | dict) or not isinstance(value, Iterable):
        raise UnsupportedPrediction("the model's forecast is no list of numbers")
    numbers = map(predictions.number, value)
    return [None if number is None else float(number) for number in numbers]


class OpenForecasts:
    """What was forecast of the next observations, by the number of steps ahead.

    After each observation the model forecasts `HORIZON` steps, as `river.evaluate` has it. Where observations
    have features, the next ones are not known: then it forecasts one step, when the features have come. What
    a client was answered under an id stands in place of both.

    >>> from river import time_series
    >>> model, course = time_series.HoltWinters(alpha=0.5), OpenForecasts()
    >>> for y in (2.0, 4.0, 8.0):
    ...     model.learn_one(y)
    ...     course.learned(model, {}, y)
    >>> course.expected(model, {})
    {1: 5.5, 2: 3.0}
    """

    __slots__ = ("_open",)

    def __init__(self, opened: Iterable[dict[int, float]] = ()) -> None:
        #: Of the next observation, of the one after it, and so on.
        self._open: deque[dict[int, float]] = deque(opened)

    def expected(self, model: Any, x: Features) -> Prediction:
        """Return what was forecast of the observation that is about to be learned."""
        found = dict(self._open[0]) if self._open else {}
        features = _features(x)
        if features and 1 not in found:
            found |= _usable(self._tried(model, 1, [features]))
        return dict(sorted(found.items()))

    def predicted(self, x: Features, y_pred: Prediction) -> None:
        """Take what a client was answered."""
        if isinstance(y_pred, list):
            self._take(y_pred)

    def learned(self, model: Any, x: Features, y_true: GroundTruth) -> None:
        """Go on to the next observation, and forecast from here."""
        if self._open:
            self._open.popleft()
        if not _features(x):
            self._take(self._tried(model, HORIZON, None))

    def _take(self, forecasts: list[Any] | None) -> None:
        for step, value in _usable(forecasts).items():
            while len(self._open) < step:
                self._open.append({})
            self._open[step - 1][step] = value

    def _tried(self, model: Any, horizon: int, xs: list[Any] | None) -> list[float | None] | None:
        try:
            return plain(forecast(model, horizon, xs))
        except BaseException as error:
            # Nobody has asked for it, and models raise that have not seen enough: they are to learn on.
            pass_on_interrupt(error)
            return None

    def __reduce__(self) -> tuple[object, ...]:
        return OpenForecasts, (list(self._open),)


def _features(x: Features) -> Any:
    return x.get("features") if isinstance(x, dict) else None


def _usable(forecasts: list[Any] | None) -> dict[int, float]:
    """Return by their steps the forecasts that can be scored."""
    return {
        step: value
        for step, value in enumerate((forecasts or [])[:MAX_SCORED], start=1)
        if value is not None and abs(value) < _LARGEST
    }
