"""Metrics of progressive validation: what was predicted, scored against what came true."""

import math
from collections.abc import Sequence

from river import metrics

from models_app.domain.predictions import Label, Prediction, is_scorable, most_probable

GroundTruth = Label
Metrics = list[metrics.base.Metric]


def score(scores: Sequence[metrics.base.Metric], y_true: GroundTruth, y_pred: Prediction) -> None:
    """Update metrics with one learn; a prediction that is empty, null or not finite is not scored.

    A metric that needs a label gets the most probable one.
    """
    if not is_scorable(y_pred):
        return
    if not isinstance(y_pred, dict):
        for metric in scores:
            metric.update(y_true, y_pred)
        return
    label = most_probable(y_pred)
    for metric in scores:
        metric.update(y_true, label if metric.requires_labels else y_pred)


def values(scores: Sequence[metrics.base.Metric]) -> dict[str, float | None]:
    """Return the metrics by name, in order; what is not finite is None.

    >>> values([metrics.MAE()])
    {'MAE': 0.0}
    """
    return {type(metric).__name__: _finite(float(metric.get())) for metric in scores}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
