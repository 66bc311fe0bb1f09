"""Metrics of our own keep River's contract: an update can be taken back, and they say what they are for."""

import math
from typing import Any

import pytest
from river import anomaly, cluster, linear_model

from models_app.domain import predictions, rankings, rewards
from models_app.domain.intervals import IntervalPrediction, surrounded
from models_app.domain.predictions import UnsupportedPrediction
from models_app.paradigms import at_thresholds, cluster_metrics, drift, interval_metrics
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
    "kind", [rewards.MeanReward, rewards.CumulativeReward, rewards.RewardedPulls, rewards.Regret]
)
def test_rewards_take_back_an_update(kind: Any) -> None:
    metric = kind()
    metric.update(1.0, 2.0)
    before = metric.get()
    metric.update(0.5, 1.0)
    metric.revert(0.5, 1.0)
    metric.update(0.25, None)
    metric.revert(0.25, None)

    assert metric.get() == pytest.approx(before)
    assert metric.bigger_is_better is (kind is not rewards.Regret)
    assert metric.works_with(object())


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
