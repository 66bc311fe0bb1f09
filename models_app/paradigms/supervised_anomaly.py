"""Anomaly detection of a value: how unusual it is, given features, if there are any."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from river import anomaly, base

from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.domain.scoring import GroundTruth
from models_app.paradigms.anomaly import Anomaly, detector, with_verdict
from models_app.paradigms.base import FEATURES, Member, Members, is_a, last_step, transformed
from models_app.paradigms.numbers import overflowing

_OBSERVED = "observed"


class SupervisedAnomaly(Anomaly):
    """A score of the observed value is predicted by `score_one`; then the value is learned."""

    name = "supervised_anomaly"
    wanted = "a supervised anomaly detector"
    kinds: tuple[type[object], ...] = (base.SupervisedAnomalyDetector,)
    described = "a supervised anomaly detector, which scores an observed value"
    takes = MappingProxyType({_OBSERVED: Member({"type": "number"}, "The value that may be unusual.")})
    trial_inputs = (
        lambda number: {
            FEATURES: {"a": number % 3 + 0.5, "b": 1.0 - number % 5},
            _OBSERVED: number % 7 + 0.5,
        },
        lambda number: {_OBSERVED: number % 7 + 0.5},
    )

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:  # noqa: D102
        return dict.fromkeys(self.methods, (FEATURES, "observed value"))

    def is_meant_by(self, step: object) -> bool:
        """Say whether it is such a detector, or a filter by one."""
        return is_a(detector(step), base.SupervisedAnomalyDetector)

    def check_members(self, members: Members, *, learns: bool) -> None:  # noqa: D102
        super().check_members(members, learns=learns)
        reason = _fault(members)
        if reason:
            raise InvalidRequest({_OBSERVED: [reason]})

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what scores the observed value, and says of filters whether it passes."""
        score, nothing = _scorer(model), _nothing(model)
        return with_verdict(model, lambda x: score(x.get(FEATURES, nothing), x[_OBSERVED]))

    def observed(self, x: Features) -> Features:
        """Return the features, and the value among them."""
        features, value = super().observed(x), x[_OBSERVED]  # type: ignore[index]  # members
        return {**features, _OBSERVED: value} if isinstance(features, dict) else {_OBSERVED: value}

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what lets the model learn the observed value; what is true is not for it."""
        learn_one, score, nothing = model.learn_one, _scorer(model), _nothing(model)
        # Its thresholds are of the scores that it was asked for: once for each value that it learns.
        learns_by_scoring = is_a(detector(last_step(model)), anomaly.PredictiveAnomalyDetection)

        def learn(x: Any, _: GroundTruth) -> None:
            features, observed = x.get(FEATURES, nothing), x[_OBSERVED]
            if learns_by_scoring:
                score(features, observed)
            learn_one(features, observed)

        return learn


def _fault(members: Members) -> str | None:
    if _OBSERVED not in members:
        return "required field"
    observed = members[_OBSERVED]
    if isinstance(observed, bool) or not isinstance(observed, int | float):
        return "must be a number"
    return overflowing(observed)


def _scorer(model: Any) -> Callable[[Any, Any], object]:
    """Return what scores a value: River's pipelines do not pass it on to their last step."""
    step: Any = last_step(model)
    if step is model:
        score_one: Callable[[Any, Any], object] = model.score_one
        return score_one
    return lambda x, observed: step.score_one(transformed(model, x), observed)


def _nothing(model: object) -> dict[str, object] | None:
    """Return what stands for features where there are none: steps before the last one transform it."""
    return None if last_step(model) is model else {}


SUPERVISED_ANOMALY = SupervisedAnomaly()
