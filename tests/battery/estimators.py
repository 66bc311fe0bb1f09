"""Every public estimator of the River that is installed, and an instance of each."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import river.api
from river import (
    anomaly,
    base,
    cluster,
    compose,
    feature_extraction,
    feature_selection,
    forest,
    imblearn,
    linear_model,
    model_selection,
    preprocessing,
    stats,
    tree,
)

_HALVES = {False: 0.5, True: 0.5}

#: By class: how to make one of which River does not say it itself, or only one that takes long.
BY_HAND: dict[str, Any] = {
    "AMFClassifier": lambda: forest.AMFClassifier(n_estimators=3, seed=1),
    "AMFRegressor": lambda: forest.AMFRegressor(n_estimators=3, seed=1),
    "Agg": lambda: feature_extraction.Agg(on="a", by="c", how=stats.Mean()),
    "DenStream": lambda: cluster.DenStream(decaying_factor=0.01, n_samples_init=10),
    "FuncTransformer": lambda: compose.FuncTransformer(dict),
    "Grouper": lambda: compose.Grouper(preprocessing.StatImputer(("a", stats.Mean())), by="d"),
    "Pipeline": lambda: preprocessing.StandardScaler() | linear_model.LinearRegression(),
    "PoissonInclusion": lambda: feature_selection.PoissonInclusion(p=0.3, seed=1),
    "Prefixer": lambda: compose.Prefixer("x_"),
    "RandomOverSampler": lambda: imblearn.RandomOverSampler(_logistic(), _HALVES, seed=1),
    "RandomSampler": lambda: imblearn.RandomSampler(_logistic(), _HALVES, seed=1),
    "RandomUnderSampler": lambda: imblearn.RandomUnderSampler(_logistic(), _HALVES, seed=1),
    "RBFSampler": lambda: feature_extraction.RBFSampler(n_components=5, seed=1),
    "RandomTreesEmbedding": lambda: feature_extraction.RandomTreesEmbedding(n_trees=2, height=3, seed=1),
    "HalfSpaceTrees": lambda: anomaly.HalfSpaceTrees(n_trees=2, height=4, seed=1),
    "Renamer": lambda: compose.Renamer({"a": "z"}),
    "Suffixer": lambda: compose.Suffixer("_x"),
    "SuccessiveHalvingClassifier": lambda: model_selection.SuccessiveHalvingClassifier(
        [_logistic(), tree.HoeffdingTreeClassifier()], metric=_accuracy(), budget=200
    ),
    "ThresholdFilter": lambda: anomaly.ThresholdFilter(
        preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=2, height=4, seed=1), threshold=0.95
    ),
    "TargetAgg": lambda: feature_extraction.TargetAgg(by="c", how=stats.Mean()),
    "TargetMinMaxScaler": lambda: preprocessing.TargetMinMaxScaler(linear_model.LinearRegression()),
    "TargetStandardScaler": lambda: preprocessing.TargetStandardScaler(linear_model.LinearRegression()),
    "TargetTransformRegressor": lambda: compose.TargetTransformRegressor(
        linear_model.LinearRegression(), _double, _half
    ),
}


def _double(y: float) -> float:
    return 2 * y


def _half(y: float) -> float:
    return y / 2


def _logistic() -> Any:
    return linear_model.LogisticRegression()


def _accuracy() -> Any:
    from river import metrics

    return metrics.Accuracy()


def packages() -> Iterator[ModuleType]:
    """Yield River's public packages, those within them included."""
    waiting = [module for _, module in inspect.getmembers(river.api, inspect.ismodule)]
    seen: set[str] = set()
    while waiting:
        package = waiting.pop()
        if package.__name__ in seen:
            continue
        seen.add(package.__name__)
        yield package
        members = (getattr(package, name, None) for name in getattr(package, "__all__", ()))
        waiting += [member for member in members if inspect.ismodule(member)]


def classes() -> list[type[Any]]:
    """Return the estimators that can be made, in the order of their names."""
    found: set[type[Any]] = set()
    for package in packages():
        # Some names are of optional parts, which are not installed.
        members = (getattr(package, name, None) for name in getattr(package, "__all__", ()))
        found |= {member for member in members if member is not None and _is_estimator(member)}
    return sorted(found, key=title)


def _is_estimator(member: object) -> bool:
    if not inspect.isclass(member) or inspect.isabstract(member):
        return False
    return issubclass(member, base.Estimator)


def title(kind: type[Any]) -> str:
    """Return a class's name with its package's: `linear_model.LinearRegression`."""
    return f"{kind.__module__.split('.')[1]}.{kind.__name__}"


def instances(kind: type[Any]) -> list[Any]:
    """Return new instances; none where the class cannot be made here."""
    if kind.__name__ in BY_HAND:
        return [BY_HAND[kind.__name__]()]
    try:
        return [kind(**parameters) for parameters in kind._unit_test_params()]
    except RuntimeError:
        # `ZstdClassifier` wants a newer Python.
        return []
