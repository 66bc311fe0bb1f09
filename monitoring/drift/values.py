"""The numbers that detectors see of a learn."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from models_app.domain.learns import Learn
from models_app.domain.predictions import is_scorable
from models_app.domain.scoring import Scores
from models_app.paradigms.base import Paradigm
from monitoring.drift.watches import ERROR, FEATURE, PREDICTION, Plan

Values = Mapping[str, float]
_NOTHING: Values = {}


def of_scores(scores: Sequence[Scores], paradigm: Paradigm) -> Iterator[Values]:
    """Yield the errors of learns, in their order, as `of_learn` does; what was not scored has none."""
    for some in scores:
        errors = iter(paradigm.errors(some))
        left_out = set(some.unscored)
        for number in range(some.n + len(left_out)):
            # Of some paradigms nobody knows how wrong a prediction was.
            error = None if number in left_out else next(errors, None)
            yield _NOTHING if error is None else {ERROR: error}


def of_learn(learn: Learn, plan: Plan, paradigm: Paradigm) -> Values:
    """Return the numbers of one learn, by source."""
    y_pred = learn.y_pred()
    values: dict[str, float] = {}
    if is_scorable(y_pred):
        if (error := paradigm.error(learn.y_true(), y_pred)) is not None:
            values[ERROR] = error
        if plan.watches_prediction and (level := paradigm.level(y_pred)) is not None:
            values[PREDICTION] = level
    # What is predicted and recorded comes again with its learn.
    is_prediction = learn.ground_truth is None and paradigm.records_predictions
    if plan.watches_features and not is_prediction:
        x = paradigm.observed(learn.x())
        if isinstance(x, dict):
            values |= {FEATURE + name: float(value) for name, value in x.items() if _is_number(value)}
    return values


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
