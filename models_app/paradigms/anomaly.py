"""Anomaly detection: how unusual features are. Models learn without a ground truth."""

from collections.abc import Callable, Iterable
from functools import partial
from types import MappingProxyType
from typing import Any

from river import base

from models_app.domain import predictions
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth, Kind
from models_app.paradigms.at_thresholds import AT_THRESHOLDS
from models_app.paradigms.base import Paradigm, is_a, last_step
from models_app.paradigms.score_metrics import ROCAUC, RollingPRAUC, RollingROCAUC, ScoreMean, ScoreQuantile


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[bool | None, float]]:
    score = _score(y_pred)
    return () if score is None else ((None if y_true is None else bool(y_true), score),)


def _score(y_pred: Prediction) -> float | None:
    """Return the score in an answer; None where it is not finite, or there is none."""
    score = y_pred.get("score") if isinstance(y_pred, dict) else y_pred
    return float(score) if isinstance(score, int | float) and predictions.is_scorable(score) else None


def detector(step: Any) -> object:
    """Return the detector that a filter, of a filter, goes by; of another model itself."""
    while is_a(step, base.AnomalyFilter):
        step = last_step(step.anomaly_detector)
    return step


def with_verdict(model: Any, score_one: Callable[[Any], Any]) -> Callable[[Features], object]:
    """Return what scores, and says of a filter whether it takes the score for an anomaly's."""
    step: Any = last_step(model)
    if not is_a(step, base.AnomalyFilter):
        return lambda x: {"score": score_one(x)}

    def classified(x: Features) -> object:
        score = score_one(x)
        return {"score": score, "is_anomaly": bool(step.classify(score))}

    return classified


class Anomaly(Paradigm):
    """A score is predicted by `score_one`: the higher, the more unusual; by filters with a verdict.

    Labels, true for an anomaly, are scored when they come, and not learned. Before, there is what the scores
    come to.
    """

    name = "anomaly"
    predict_method = "score_one"
    metrics: tuple[Kind, ...] = (
        RollingROCAUC,
        RollingPRAUC,
        ROCAUC,
        ScoreMean,
        *(partial(ScoreQuantile, share) for share in (0.5, 0.99)),
    )
    metrics_at = MappingProxyType({kind.__name__: kind for kind in (*AT_THRESHOLDS, ScoreQuantile)})
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "an anomaly detector"
    answer_in_words = "a number"
    kinds: tuple[type[object], ...] = (base.AnomalyDetector, base.AnomalyFilter)
    described = "an anomaly detector, which scores features"
    needs_truth = False
    scores_late = True
    trial_truths = (lambda _: None,)
    example_truth = "true"
    diagnosis = "levels"

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what scores features, and says of filters whether they pass."""
        return with_verdict(model, model.score_one)

    def is_meant_by(self, step: object) -> bool:
        """Say whether River means it so, and it needs no value beside features."""
        return super().is_meant_by(step) and not is_a(detector(step), base.SupervisedAnomalyDetector)

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what lets the model learn; what is true is not for it."""
        learn_one = model.learn_one
        return lambda x, _: learn_one(x)

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if isinstance(value, bool | int | float) and value in (0, 1):
            return None
        return "must be true (an anomaly) or false"

    def level(self, y_pred: Prediction) -> float | None:
        """Return the score."""
        return _score(y_pred)


ANOMALY = Anomaly()
