"""Recommendations: what is asked, what is learned of it, and how rankings are scored."""

import math
from typing import Any

import pytest
from river import preprocessing, reco

from models_app.domain import rankings
from models_app.domain.errors import InvalidGroundTruth, InvalidRequest
from models_app.domain.predictions import UnsupportedPrediction
from models_app.paradigms.recommendation import RECOMMENDATION

RATINGS = [("ann", 1, 5.0), ("ann", "1", 1.0), ("ben", 1, 4.0), ("ben", 2, 2.5), (3, 2, 3.0), ("3", 2, 1.5)]
RANKING = ["a", 2, "2", "c"]


def taught() -> Any:
    model = reco.BiasedMF(seed=1)
    for user, item, rating in RATINGS:
        model.learn_one(user, item, rating)
    return model


class Contextual:
    """Rates by the hour alone."""

    def __init__(self) -> None:
        self.learned: list[tuple[object, ...]] = []

    def predict_one(self, user: object, item: object, x: dict[str, Any] | None = None) -> float:
        return float(x["hour"]) if x else 0.0

    def learn_one(self, user: object, item: object, y: object, x: dict[str, Any] | None = None) -> None:
        self.learned.append((user, item, y, x))


class TestPredictor:
    def test_rates_as_river_does(self) -> None:
        predict = RECOMMENDATION.predictor(taught())

        for user, item, _ in RATINGS:
            assert predict({"user": user, "item": item}) == taught().predict_one(user, item)
        assert predict({"user": 3, "item": 2}) != predict({"user": "3", "item": 2})

    def test_ranks_as_river_does(self) -> None:
        predict = RECOMMENDATION.predictor(taught())

        found = predict({"user": "ann", "items": ["1", 2, 1]})

        assert found == taught().rank("ann", ["1", 2, 1])
        assert found == [1, 2, "1"]
        assert predict({"user": "ann", "items": ["1", 2, 1], "k": 2}) == found[:2]

    def test_keeps_the_order_of_equals(self) -> None:
        predict = RECOMMENDATION.predictor(reco.Baseline())

        assert predict({"user": "ann", "items": ["c", "a", "b"]}) == ["c", "a", "b"]

    def test_passes_on_features_where_there_are_some(self) -> None:
        predict = RECOMMENDATION.predictor(Contextual())

        assert predict({"user": "ann", "item": "a", "features": {"hour": 7}}) == 7.0
        assert predict({"user": "ann", "item": "a"}) == 0.0

    def test_ranks_nothing_by_what_is_no_number(self) -> None:
        class Silent(Contextual):
            def predict_one(self, user: object, item: object, x: Any = None) -> Any:
                return None

        with pytest.raises(UnsupportedPrediction, match="no number"):
            RECOMMENDATION.predictor(Silent())({"user": "ann", "items": ["a", "b"]})

    @pytest.mark.parametrize("make", [RECOMMENDATION.predictor, RECOMMENDATION.learner])
    def test_takes_no_pipeline_which_passes_on_features_alone(self, make: Any) -> None:
        with pytest.raises(NotImplementedError, match="upload the recommender without it"):
            make(preprocessing.StandardScaler() | reco.Baseline())


class TestLearner:
    @pytest.mark.parametrize(
        ("asked", "y_true", "learned"),
        [
            ({"item": "a"}, 4.5, ("a", 4.5)),
            ({"item": 1}, True, (1, True)),
            ({"items": RANKING}, "2", ("2", 1.0)),
            ({"items": RANKING}, 2, (2, 1.0)),
            # Not one of those that were ranked.
            ({"items": RANKING}, "z", ("z", 1.0)),
            ({"items": RANKING}, {"item": "c"}, ("c", 1.0)),
            ({"items": RANKING}, {"item": "c", "rating": 2}, ("c", 2)),
        ],
    )
    def test_learns_what_was_taken_and_how_it_was_rated(
        self, asked: dict[str, object], y_true: Any, learned: tuple[object, ...]
    ) -> None:
        model = Contextual()

        RECOMMENDATION.learner(model)({"user": "ann", **asked}, y_true)

        assert model.learned == [("ann", *learned, None)]
        assert RECOMMENDATION.ground_truth(y_true) is y_true
        assert RECOMMENDATION.misfit({"user": "ann", **asked}, y_true) is None


class TestMembers:
    @pytest.mark.parametrize(
        "members",
        [
            {"user": "ann", "item": 1},
            {"user": 1, "items": [1, "1"], "k": 5},
            {"user": "", "item": "", "features": {}},
        ],
    )
    def test_are_taken(self, members: dict[str, Any]) -> None:
        RECOMMENDATION.check_members(members, learns=False)

    @pytest.mark.parametrize(
        ("members", "reasons"),
        [
            ({}, {"user", "item"}),
            ({"features": {"a": 1.0}}, {"user", "item"}),
            ({"user": True, "item": 1.0}, {"user", "item"}),
            ({"user": 2**63, "item": None}, {"user", "item"}),
            ({"user": 1, "item": 1, "items": [1]}, {"items"}),
            ({"user": 1, "items": []}, {"items"}),
            ({"user": 1, "items": "abc"}, {"items"}),
            ({"user": 1, "items": [1, True]}, {"items"}),
            ({"user": 1, "items": [1, 2, 1]}, {"items"}),
            ({"user": 1, "item": 1, "k": 1}, {"k"}),
            ({"user": 1, "items": [1], "k": 0}, {"k"}),
            ({"user": 1, "items": [1], "k": True}, {"k"}),
            ({"user": 1, "item": 1, "features": "text"}, {"features"}),
            ({"user": 1, "item": 1, "arms": [1]}, {"arms"}),
        ],
    )
    def test_are_refused_by_name(self, members: dict[str, Any], reasons: set[str]) -> None:
        with pytest.raises(InvalidRequest) as refused:
            RECOMMENDATION.check_members(members, learns=False)

        assert set(refused.value.message) == reasons


class TestGroundTruth:
    @pytest.mark.parametrize(
        "value",
        [{"item": 1.5}, {"rating": 1}, {"item": 1, "user": 2}, {"item": 1, "rating": "good"},
         {"item": 1, "rating": math.nan}, 2**63, math.inf],
    )  # fmt: skip
    def test_is_refused_where_it_is_none(self, value: object) -> None:
        with pytest.raises(InvalidGroundTruth):
            RECOMMENDATION.ground_truth(value)

    @pytest.mark.parametrize(
        ("asked", "y_true"),
        [({"item": 1}, "a"), ({"item": 1}, {"item": 1}), ({"items": [1]}, 4.5), ({"items": [1]}, True)],
    )
    def test_is_refused_for_what_was_not_asked(self, asked: dict[str, object], y_true: Any) -> None:
        assert RECOMMENDATION.misfit({"user": 1, **asked}, y_true)


class TestMetrics:
    def test_are_those_that_were_computed_by_hand(self) -> None:
        scores = RECOMMENDATION.new_metrics()
        ranking: list[Any] = list(range(1, 13))
        told: list[tuple[Any, Any]] = [
            (4.0, 3.5), (1, 3.0), (True, 0.5),  # errors 0.5, 2, 0.5
            ("2", RANKING),  # third
            ("a", RANKING),  # first
            ("z", RANKING),  # nowhere
            ({"item": 12, "rating": 5}, ranking),  # twelfth
            ({"item": 2, "rating": 0}, ranking),  # not liked: no hit, and not scored
            (2.0, math.nan), (None, 3.0), (None, RANKING),
        ]  # fmt: skip

        for y_true, y_pred in told:
            for pair in RECOMMENDATION.pairs(y_true, y_pred):
                for metric in scores:
                    metric.update(*pair)

        found = {type(metric).__name__: metric.get() for metric in scores}
        assert found == pytest.approx(
            {
                "MAE": 1.0,
                "RMSE": math.sqrt(4.5 / 3),
                "MRR": (1 / 3 + 1 + 0 + 1 / 12) / 4,
                "HitRateAt10": 2 / 4,
                "NDCGAt10": (0.5 + 1) / 4,
            }
        )

    def test_are_none_of_what_has_not_come(self) -> None:
        assert {metric.get() for metric in RECOMMENDATION.new_metrics()} == {None}

    @pytest.mark.parametrize("kind", [rankings.MRR, rankings.HitRateAt10, rankings.NDCGAt10])
    def test_take_back(self, kind: type[Any]) -> None:
        metric = kind()
        metric.update("a", RANKING)
        metric.update("c", RANKING)
        metric.revert("c", RANKING)

        assert metric.get() == 1.0

    def test_have_errors_of_ratings_alone(self) -> None:
        assert RECOMMENDATION.error(4.0, 3.5) == 0.5
        assert RECOMMENDATION.error("a", RANKING) is None
        assert RECOMMENDATION.error(None, 3.5) is None
        assert RECOMMENDATION.level(RANKING) is None
