"""Ways to let an estimator learn and predict by itself, whatever its methods take."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from river import base
from river.cluster import TextClust
from river.reco.base import Ranker
from river.time_series.base import Forecaster

from tests.battery import records

_PREDICTING = ("predict_one", "predict_proba_one", "transform_one", "score_one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """Steps of one kind of data: each makes some calls that predict, and then learns.

    `predictions` takes features; `new` has features that are not learned before the end.
    """

    name: str
    features: list[Any]
    new: list[Any]
    truths: list[Any]
    learn: Callable[[Any, Any, Any], object]
    predict: Callable[[Any, Any], None]


def drives(model: Any, n: int) -> Iterator[Drive]:
    """Yield what may fit the model: it is to be tried."""
    if isinstance(model, Forecaster):
        yield _drive("series", [None] * 2 * n, _numbers(n), _learn_series, _forecast)
    elif isinstance(model, Ranker):
        pairs = [(f"user {i % 7}", f"item {i % (3 + i // 9)}") for i in range(2 * n)]
        yield _drive("ratings", pairs, _numbers(n), _learn_rating, _rate)
    elif hasattr(model, "learn_one"):
        yield from _of_features(model, n)


def _of_features(model: Any, n: int) -> Iterator[Drive]:
    predict = _observe if isinstance(model, base.SupervisedAnomalyDetector) else _predict
    for name, make in records.KINDS.items():
        features = list(make(2 * n))
        for title, truths in _truths(model, features[:n]):
            yield _drive(f"{name}, {title}", features, truths, _learn, predict)


def _truths(model: Any, features: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(model, base.MultiLabelClassifier):
        yield "labels", [{"p": i % 2 == 0, "q": i % 3 == 0} for i, _ in enumerate(features)]
    elif isinstance(model, base.MultiTargetRegressor):
        yield "targets", [{"p": float(i % 7), "q": i / 2} for i, _ in enumerate(features)]
    else:
        # A classifier takes each number for a label of its own, and grows with them.
        flavors = ("binary", "multiclass", *(() if isinstance(model, base.Classifier) else ("regression",)))
        for flavor in flavors:
            yield flavor, [records.truth(flavor, i, x) for i, x in enumerate(features)]


def _drive(name: str, features: list[Any], truths: list[Any], learn: Any, predict: Any) -> Drive:
    n = len(truths)
    return Drive(
        name=name, features=features[:n], new=features[n:], truths=truths, learn=learn, predict=predict
    )


def _numbers(n: int) -> list[float]:
    return [float(i % 12 + i / 10) for i in range(n)]


def _learn(model: Any, x: Any, y: Any) -> None:
    if isinstance(model, TextClust):
        model.learn_one(x, t=round(len(x)))
    elif getattr(model, "_supervised", True):
        model.learn_one(copy.copy(x), y)
    else:
        model.learn_one(copy.copy(x))


def _predict(model: Any, x: Any) -> None:
    for name in _PREDICTING:
        if hasattr(model, name):
            _try(getattr(model, name), copy.copy(x))


def _observe(model: Any, x: Any) -> None:
    _try(model.score_one, copy.copy(x), 1.5)


def _learn_series(model: Any, _x: Any, y: Any) -> None:
    model.learn_one(y)


def _forecast(model: Any, _x: Any) -> None:
    _try(model.forecast, 3)


def _learn_rating(model: Any, x: Any, y: Any) -> None:
    model.learn_one(*x, y)


def _rate(model: Any, x: Any) -> None:
    _try(model.predict_one, *x)


def _try(call: Any, *arguments: Any) -> None:
    """Call it; before the first learn many refuse to predict."""
    try:
        call(*arguments)
    except Exception:
        return
