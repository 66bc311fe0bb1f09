"""Metrics of our own keep River's contract: an update can be taken back, and they say what they are for."""

import math
from typing import Any

import pytest
from river import anomaly, cluster, linear_model, metrics

from models_app.domain import predictions, rankings, rewards, scoring
from models_app.domain.intervals import IntervalPrediction, surrounded
from models_app.domain.predictions import UnsupportedPrediction
from models_app.domain.rewards import Pulled
from models_app.paradigms import at_thresholds, cluster_metrics, drift, interval_metrics, score_metrics
from models_app.paradigms.multilabel import MULTILABEL
from models_app.paradigms.multioutput import MULTIOUTPUT

RANKED = [("b", ["a", "b"]), ("a", ["a"]), ("z", ["a", "b"])]
SCORED = [(True, 0.95), (False, 0.99), (True, 0.1)]


@pytest.mark.parametrize("kind", [rankings.MRR, rankings.HitRateAt10, rankings.NDCGAt10])
def test_rankings_take_back_an_update(kind: Any) -> None:
    metric = kind()
    for taken, ranked in RANKED[:2]:
        metric.update(taken, ranked)
    before = metric.get()
    metric.update(*RANKED[2])
    metric.revert(*RANKED[2])
    # A rating is none of a ranking.
    metric.update(1.0, 2.0)
    metric.revert(1.0, 2.0)

    assert metric.get() == pytest.approx(before)
    assert metric.works_with(object())


@pytest.mark.parametrize("kind", [at_thresholds.PrecisionAt, at_thresholds.RecallAt, at_thresholds.F1At])
def test_thresholds_take_back_an_update(kind: Any) -> None:
    metric = kind(0.9)
    for truth, score in SCORED[:2]:
        metric.update(truth, score)
    before = metric.get()
    metric.update(*SCORED[2])
    metric.revert(*SCORED[2])

    assert metric.get() == pytest.approx(before)
    assert metric.bigger_is_better
    assert metric.works_with(anomaly.HalfSpaceTrees())
    assert not metric.works_with(cluster.KMeans())


@pytest.mark.parametrize("kind", [cluster_metrics.AdjustedRand, cluster_metrics.VBeta])
def test_labels_of_clusters_take_back_an_update(kind: Any) -> None:
    metric = kind()
    for truth, number in (("a", 1), ("b", 2), ("a", 1)):
        metric.update(truth, {"cluster": number})
    before = metric.get()
    metric.update("b", {"cluster": 1})
    metric.revert("b", {"cluster": 1})
    metric.revert(None, {"cluster": 1})

    assert metric.get() == pytest.approx(before)
    assert metric.bigger_is_better
    assert metric.works_with(cluster.KMeans())
    assert not metric.works_with(anomaly.HalfSpaceTrees())


@pytest.mark.parametrize(
    "kind",
    [
        rewards.MeanReward,
        rewards.CumulativeReward,
        rewards.RewardedPulls,
        rewards.Regret,
        rewards.ArmShares,
    ],
)
def test_rewards_take_back_an_update(kind: Any) -> None:
    metric = kind()
    metric.update(1.0, Pulled("tea", 2.0))
    before = scoring.values([metric])
    metric.update(0.5, Pulled("cake", 1.0))
    metric.revert(0.5, Pulled("cake", 1.0))
    metric.update(0.25, Pulled("tea"))
    metric.revert(0.25, Pulled("tea"))

    assert scoring.values([metric]) == pytest.approx(before)
    assert metric.bigger_is_better is (kind is not rewards.Regret)
    assert metric.works_with(object())


def test_shares_name_the_arms_that_were_pulled_most() -> None:
    shares = rewards.ArmShares()
    for number in range(30):
        for _ in range(1 + number % 2):
            shares.update(1.0, Pulled(f"{number:02}" + "x" * 200))

    found = scoring.values([shares])

    assert len(found) == 10
    assert next(iter(found)) == f"Share[01{'x' * 98}]"
    assert set(found.values()) == {2 / 45}


@pytest.mark.parametrize(
    "kind", [score_metrics.ROCAUC, score_metrics.RollingROCAUC, score_metrics.RollingPRAUC]
)
def test_metrics_by_truths_are_rivers_and_take_back_an_update(kind: Any) -> None:
    metric, river = kind(), getattr(metrics, kind.__name__)()
    assert metric.get() is None
    for number, (truth, score) in enumerate([(True, 0.9), (False, 0.4), (True, 0.3), (False, 0.1)]):
        metric.update(None, 0.5 + number)
        metric.update(truth, score)
        river.update(truth, score)
    before = metric.get()
    metric.revert(None, 0.5)
    if kind is score_metrics.ROCAUC:
        metric.update(True, 0.2)
        metric.revert(True, 0.2)

    assert metric.get() == before == river.get()
    assert metric.bigger_is_better
    assert metric.works_with(anomaly.HalfSpaceTrees())


def test_what_scores_come_to_is_of_those_without_a_truth() -> None:
    board = [score_metrics.ScoreMean(), score_metrics.ScoreQuantile(0.5)]
    assert scoring.values(board) == {"ScoreMean": None, "ScoreQuantile(0.5)": None}
    for metric in board:
        for truth, score in [(None, 1.0), (None, 2.0), (True, 50.0), (None, 6.0)]:
            metric.update(truth, score)

    assert scoring.values(board) == {"ScoreMean": 3.0, "ScoreQuantile(0.5)": 2.0}
    assert [scoring.name_of(scoring.kind_of(metric)()) for metric in board] == [
        "ScoreMean",
        "ScoreQuantile(0.5)",
    ]
    with pytest.raises(NotImplementedError):
        board[0].revert(None, 1.0)


def test_drifts_take_back_an_update() -> None:
    drifts = drift.Drifts()
    for read in (True, False, True):
        drifts.update(0.5, read)
    drifts.revert(0.5, True)
    drifts.revert(0.5, False)

    assert drifts.get() == 1
    assert not drifts.bigger_is_better
    assert drifts.works_with(object())


@pytest.mark.parametrize("kind", interval_metrics.INTERVAL_METRICS)
def test_intervals_take_back_an_update(kind: Any) -> None:
    metric = kind()
    metric.update(9.0, IntervalPrediction(1.5, 1.0, 2.0))
    before = metric.get()
    # The last one has no interval.
    for predicted in (IntervalPrediction(9.0, 0.0, 9.0), surrounded(8, {"lower": 5, "upper": 9}), 9.0):
        metric.update(9.0, predicted)
        assert (metric.get() == before) is (type(predicted) is float)
        metric.revert(9.0, predicted)

    assert metric.get() == pytest.approx(before)
    assert metric.bigger_is_better is (kind is interval_metrics.IntervalCoverage)
    assert metric.works_with(linear_model.LinearRegression())
    # Not every integer beyond is a float.
    assert type(surrounded(8, {"lower": -(2**53) - 1, "upper": 9})) is int


def test_a_tree_has_plain_values_only() -> None:
    with pytest.raises(UnsupportedPrediction, match="the model answered"):
        predictions.tree({"a": [object()]})


@pytest.mark.parametrize(
    ("truth", "reason"),
    [({"a": math.inf}, "'a' must be a finite number"), ({"a": True}, "not so 'a'"), ({}, "not empty")],
)
def test_targets_are_finite_numbers(truth: Any, reason: str) -> None:
    assert reason in (MULTIOUTPUT.check_ground_truth(truth) or "")


def test_what_is_no_object_is_not_scored() -> None:
    assert MULTIOUTPUT.pairs is not None
    assert MULTILABEL.pairs is not None
    assert list(MULTIOUTPUT.pairs(None, {"a": 1.0})) == []
    assert list(MULTILABEL.pairs(None, {"a": True})) == []
    assert MULTILABEL.normalize(None) is None
