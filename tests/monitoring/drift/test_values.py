from typing import Any

import msgspec
import pytest

from models_app.domain import learns
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import Scorer
from models_app.paradigms.registry import FLAVORS
from monitoring.drift import values
from monitoring.drift.watches import ERROR, FEATURE, PREDICTION, Plan

PLAN = Plan(watches_prediction=True)


def record(y_pred: Prediction, y_true: Any, features: bytes = b"{}") -> Learn:
    return Learn(
        prediction_id=None,
        features=msgspec.Raw(features),
        prediction=msgspec.Raw(learns.encode_prediction(y_pred)),
        ground_truth=y_true,
        predicted_at=None,
        learned_at=0.0,
    )


class TestOfLearn:
    @pytest.mark.parametrize(
        ("y_pred", "y_true", "seen"),
        [
            ({True: 0.25, False: 0.75}, True, {ERROR: 1.0, PREDICTION: 0.25}),
            ({"a": 0.75, "b": 0.25}, "a", {ERROR: 0.0, PREDICTION: 0.75}),
            (True, False, {ERROR: 1.0, PREDICTION: 1.0}),
            (False, False, {ERROR: 0.0, PREDICTION: 0.0}),
            ("a", "b", {ERROR: 1.0}),
            (7, 3, {ERROR: 1.0}),
            (7, 7, {ERROR: 0.0}),
            (None, "a", {}),
        ],
    )
    def test_counts_labels_as_wrong_or_right(self, y_pred: Any, y_true: Any, seen: dict[str, float]) -> None:
        assert values.of_learn(record(y_pred, y_true), PLAN, FLAVORS["multiclass"]) == seen

    def test_takes_the_distance_of_numbers(self) -> None:
        assert values.of_learn(record(7, 3.5), PLAN, FLAVORS["regression"]) == {ERROR: 3.5, PREDICTION: 7.0}


class TestOfFeatures:
    @pytest.mark.parametrize(
        ("flavor", "asked", "y_true", "seen"),
        [
            ("regression", {"a": 1, "b": "x", "c": True}, 1.0, {"a": 1.0}),
            ("anomaly", {"a": 1}, None, {"a": 1.0}),
            ("anomaly", "a text", None, {}),
            # Who is served and what is rated are no quantities.
            ("recommendation", {"user": 7, "item": 3, "features": {"hour": 12}}, 4.5, {"hour": 12.0}),
            ("recommendation", {"user": 7, "item": 3}, 4.5, {}),
            ("bandit", {"arms": [1, 2], "features": {"age": 30}}, 1.0, {"age": 30.0}),
            ("bandit", {"arm": 1, "propensity": 0.5, "features": {"age": 30}}, 1.0, {"age": 30.0}),
            ("forecasting", {"features": {"warm": 1.5}}, 4.0, {"warm": 1.5}),
            ("supervised_anomaly", {"observed": 2, "features": {"a": 1}}, None, {"a": 1.0, "observed": 2.0}),
            ("supervised_anomaly", {"observed": 2}, True, {"observed": 2.0}),
            ("transform", {"features": {"a": 1}, "t": "2026-01-01"}, None, {"a": 1.0}),
            # Predictions that are records: the features come again with the learn.
            ("recommendation", {"user": 7, "item": 3, "features": {"hour": 12}}, None, {}),
            ("bandit", {"arms": [1, 2], "features": {"age": 30}}, None, {}),
            ("forecasting", {"horizon": 1, "xs": [{"warm": 1.5}]}, None, {}),
        ],
    )
    def test_are_those_within_what_a_model_is_asked_with(
        self, flavor: str, asked: Any, y_true: Any, seen: dict[str, float]
    ) -> None:
        learn = record(None, y_true, msgspec.json.encode(asked))

        found = values.of_learn(learn, Plan(watches_features=True), FLAVORS[flavor])

        assert found == {FEATURE + name: value for name, value in seen.items()}

    def test_are_the_features_that_came_with_a_moment(self) -> None:
        learn = record(2.0, 1.0, b'[{"a":1.5},"2026-03-01"]')

        found = values.of_learn(learn, Plan(watches_features=True), FLAVORS["regression"])

        assert found == {ERROR: 1.0, FEATURE + "a": 1.5}


class TestOfScores:
    @pytest.mark.parametrize(
        "outcomes", [[], [(None, "a")], [(None, "a"), ("a", "a"), ("a", "b"), (None, 3)]]
    )
    def test_has_what_the_journal_says_of_labels(self, outcomes: list[tuple[Any, Any]]) -> None:
        scorer = Scorer(FLAVORS["multiclass"].served_by("predict_one").new_metrics())
        for y_pred, y_true in outcomes:
            scorer.score(y_true, y_pred)

        reported = list(values.of_scores([scorer.take()], FLAVORS["multiclass"]))

        plan = Plan()
        assert reported == [
            values.of_learn(record(*outcome), plan, FLAVORS["multiclass"]) for outcome in outcomes
        ]
