"""The numbers that detectors see of a learn."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction, is_scorable, most_probable
from models_app.domain.scoring import GroundTruth, Scores
from monitoring.drift.watches import ERROR, FEATURE, PREDICTION, Plan

Values = Mapping[str, float]
_NOTHING: Values = {}


def of_scores(scores: Sequence[Scores]) -> Iterator[Values]:
    """Yield the errors of learns, in their order, as `of_learn` does; what was not scored has none."""
    for some in scores:
        errors = iter(_errors(some))
        left_out = set(some.unscored)
        for number in range(some.n + len(left_out)):
            yield _NOTHING if number in left_out else {ERROR: next(errors)}


def of_learn(learn: Learn, plan: Plan, *, is_regression: bool) -> Values:
    """Return the numbers of one learn, by source; of a regression numbers are no labels."""
    y_pred = learn.y_pred()
    values: dict[str, float] = {}
    if is_scorable(y_pred):
        values[ERROR] = _error(learn.y_true(), y_pred, is_regression)
        if plan.watches_prediction and (height := _height(y_pred, is_regression)) is not None:
            values[PREDICTION] = height
    if plan.watches_features:
        x = learn.x()
        if isinstance(x, dict):
            values |= {FEATURE + name: float(value) for name, value in x.items() if _is_number(value)}
    return values


def _errors(scores: Scores) -> Sequence[float]:
    """Return 1 for each label that was wrong and 0 for each that was right, else the absolute errors."""
    if scores.pairs:
        return [float(y_true != label) for y_true, label in scores.pairs]
    # The first of a regression's metrics is the mean absolute error; what answers labels has no losses.
    return scores.losses[0] if scores.losses else ()


def _error(y_true: GroundTruth, y_pred: Prediction, is_regression: bool) -> float:
    if isinstance(y_pred, dict):
        return float(y_true != most_probable(y_pred))
    if not is_regression:
        return float(y_true != y_pred)
    return float(abs(y_true - y_pred))  # type: ignore[operator]  # both are numbers: it was scored


def _height(y_pred: Prediction, is_regression: bool) -> float | None:
    """Return the number that was predicted, or the probability: of True, else of the most probable label.

    A label alone is no number, unless it is True or False.
    """
    if isinstance(y_pred, dict):
        return float(y_pred.get(True, y_pred[most_probable(y_pred)]) or 0.0)
    if is_regression or isinstance(y_pred, bool):
        return float(y_pred or 0.0)
    return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
