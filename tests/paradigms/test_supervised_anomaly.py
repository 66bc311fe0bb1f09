import pickle
from typing import Any

import pytest
from river import anomaly, linear_model, preprocessing, time_series

from models_app.domain.errors import InvalidRequest
from models_app.paradigms import trials
from models_app.paradigms.anomaly import ANOMALY
from models_app.paradigms.guessing import guess
from models_app.paradigms.supervised_anomaly import SUPERVISED_ANOMALY

SERIES = [1.0, 2.0, 1.5, 2.5, 1.0, 30.0, 2.0, 1.0]


def scores(model: Any) -> list[Any]:
    """Let a model score and learn the series, as an engine does; return the scores."""
    predict, learn = SUPERVISED_ANOMALY.predictor(model), SUPERVISED_ANOMALY.learner(model)
    found = []
    for value in SERIES:
        x: Any = {"observed": value}
        found.append(predict(x))
        learn(x, None)
    return found


class TestEachOfRivers:
    @pytest.mark.parametrize(
        "model",
        [
            anomaly.GaussianScorer(grace_period=5),
            anomaly.StandardAbsoluteDeviation(),
            anomaly.PredictiveAnomalyDetection(linear_model.LinearRegression()),
            anomaly.PredictiveAnomalyDetection(time_series.SNARIMAX(p=2, d=0, q=0)),
            anomaly.ThresholdFilter(anomaly.GaussianScorer(grace_period=5), threshold=0.9),
            preprocessing.StandardScaler() | anomaly.GaussianScorer(grace_period=5),
        ],
        ids=str,
    )
    def test_is_served(self, model: object) -> None:
        assert guess(model) is SUPERVISED_ANOMALY
        finding = trials.run(pickle.dumps(model), SUPERVISED_ANOMALY.name, lambda *_: None)
        assert finding == trials.TrialResult()

    def test_without_a_value_is_of_the_other_flavor(self) -> None:
        assert guess(anomaly.QuantileFilter(anomaly.HalfSpaceTrees(), q=0.9)) is ANOMALY


class TestScores:
    def test_of_filters_come_with_a_verdict(self) -> None:
        model = anomaly.ThresholdFilter(anomaly.GaussianScorer(grace_period=3), 0.99)
        alone = anomaly.GaussianScorer(grace_period=3)

        found = scores(model)

        assert found[:6] == [
            score | {"is_anomaly": number == 5} for number, score in enumerate(scores(alone)[:6])
        ]

    def test_move_the_thresholds_once_for_each_value_that_is_learned(self) -> None:
        def new() -> Any:
            return anomaly.PredictiveAnomalyDetection(linear_model.LinearRegression())

        river, asked = new(), []
        for value in SERIES:
            asked.append(river.score_one({}, value))
            river.learn_one({}, value)
        served = new()
        learn = SUPERVISED_ANOMALY.learner(served)
        for value in SERIES:
            learn({"features": {}, "observed": value}, None)

        assert served.dynamic_mae.get() == river.dynamic_mae.get()
        assert asked[-1] != 1.0


class TestRequests:
    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"features": {}}, "required field"),
            ({"observed": "1"}, "must be a number"),
            ({"observed": True}, "must be a number"),
            ({"observed": float("inf")}, "must be a finite number"),
        ],
    )
    def test_need_an_observed_number(self, members: dict[str, Any], reason: str) -> None:
        for learns in (True, False):
            with pytest.raises(InvalidRequest) as refused:
                SUPERVISED_ANOMALY.check_members(members, learns=learns)
            assert refused.value.message == {"observed": [reason]}
