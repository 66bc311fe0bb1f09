"""Models to describe: of every public class of River's, and put together."""

import datetime as dt
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

from river import (
    bandit,
    compose,
    drift,
    ensemble,
    feature_extraction,
    forest,
    linear_model,
    metrics,
    model_selection,
    neighbors,
    optim,
    preprocessing,
    reco,
    stats,
    time_series,
    tree,
    utils,
)

from tests.battery import public

_linear = linear_model.LinearRegression
_log = linear_model.LogisticRegression

#: Put together, by a name.
TOGETHER: dict[str, Any] = {
    "scaled": lambda: preprocessing.StandardScaler() | _log(optim.SGD(0.05), l2=0.001),
    "union": lambda: (
        (compose.Select("a", "b") | preprocessing.StandardScaler())
        + (compose.SelectType(str) | preprocessing.OneHotEncoder())
        | _log()
    ),
    "product": lambda: compose.Select("a") * compose.Select("d") | _linear(),
    "named": lambda: compose.Pipeline(
        ("scale", preprocessing.StandardScaler()),
        preprocessing.StandardScaler(),
        preprocessing.StandardScaler(),
        ("StandardScaler9", _linear()),
    ),
    "bagging": lambda: ensemble.BaggingClassifier(
        preprocessing.StandardScaler() | _log(optim.Adam(optim.schedulers.InverseScaling(0.1))), 3, seed=1
    ),
    "stacking": lambda: ensemble.StackingClassifier(
        [_log(), tree.HoeffdingTreeClassifier(grace_period=10)], meta_classifier=_log()
    ),
    "forest": lambda: forest.ARFRegressor(n_models=3, seed=1, drift_detector=drift.PageHinkley()),
    "neighbors": lambda: neighbors.KNNRegressor(
        engine=neighbors.LazySearch(window_size=20, dist_func=partial(utils.math.minkowski_distance, p=1))
    ),
    "rolling": lambda: feature_extraction.Agg("a", "c", utils.Rolling(stats.Var, 3, ddof=0)) | _linear(),
    "function": lambda: compose.TargetTransformRegressor(_linear(), func=math.exp, inverse_func=math.log),
    "class": lambda: compose.Renamer({"class": "dict", "dict": "class", "params": "name"}) | _log(),
    "clipped": lambda: preprocessing.PredClipper(_linear(), 0, math.inf),
    "greedy": lambda: model_selection.GreedyRegressor(
        [linear_model.LinearRegression(optim.SGD(rate)) for rate in (0.1, 0.01)], metric=metrics.RMSE()
    ),
    "snarimax": lambda: time_series.SNARIMAX(2, 1, 1, regressor=linear_model.PARegressor()),
    "imputer": lambda: preprocessing.StatImputer(("a", stats.Mean()), ("c", "x")) | _linear(),
    "days": lambda: utils.TimeRolling(stats.Mean, period=dt.timedelta(days=1, seconds=3)),
    "encoded": lambda: preprocessing.OneHotEncoder(categories={"c": {"x", "y"}}) | _linear(),
    "categories": lambda: preprocessing.OrdinalEncoder(categories={"c": {1: 0, None: 1, "x": 2}}),
}


#: By title: with seeds, where what is in them takes one.
SEEDED: dict[str, Any] = {
    "drift.DummyDriftDetector": lambda: drift.DummyDriftDetector(seed=1),
    "model_selection.BanditClassifier": lambda: model_selection.BanditClassifier(
        [_log(optim.SGD(rate)) for rate in (0.1, 0.01)], metrics.Accuracy(), bandit.EpsilonGreedy(0.1, seed=1)
    ),
    "model_selection.BanditRegressor": lambda: model_selection.BanditRegressor(
        [_linear(optim.SGD(rate)) for rate in (0.1, 0.01)], metrics.MAE(), bandit.EpsilonGreedy(0.1, seed=1)
    ),
    "reco.BiasedMF": lambda: reco.BiasedMF(seed=1),
}


def titles() -> list[str]:
    """Return the titles of the public classes that can be made here."""
    return [public.title(kind) for kind in public.classes()]


def of_class(title: str) -> Any:
    """Return a new object of a public class; None where it cannot be made."""
    if title in SEEDED:
        return SEEDED[title]()
    kind = next(kind for kind in public.classes() if public.title(kind) == title)
    return public.instance(kind)


def everything() -> Iterator[tuple[str, Any]]:
    """Yield names, and what makes a model."""
    yield from TOGETHER.items()
    for title in titles():
        yield title, partial(of_class, title)
