"""Models of each flavor, with the records that they are served and what River alone makes of these."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from river import (
    anomaly,
    base,
    cluster,
    compose,
    feature_extraction,
    linear_model,
    metrics,
    multioutput,
    preprocessing,
    stats,
    tree,
)

from models_app.domain.scoring import Confusion
from tests.servers import forecasting_cases, recommendation_cases

#: A route of the API, and the fields of a request to it.
Request = tuple[str, dict[str, Any]]
#: What clients are answered, and the metrics.
Outcome = tuple[list[Any], dict[str, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model of a flavor.

    `requests` are those of a record, by its number; ids are made the model's own.
    `bare` is what comes of so many records in a loop over River alone. It is a function of a module, since it
    runs in a process of its own, under the instance's hash seed.
    """

    flavor: str
    model: Callable[[], Any]
    requests: Callable[[int], list[Request]]
    bare: Callable[[Any, int], Outcome]
    n: int = 100


def _point(number: int) -> dict[str, float]:
    """Return a point in one of three heaps."""
    rng = random.Random(number)
    return {"x": rng.gauss(8.0 * (number % 3), 1.0), "y": rng.gauss(-5.0 * (number % 3), 1.0)}


def _words(number: int) -> str:
    return ("a match at home", "the sea is calm", "rain at the sea", "home after the match")[number % 4]


def _clusters(x: Callable[[int], Any]) -> Callable[[int], list[Request]]:
    """Return requests that learn each record, and label every second one later."""

    def requests(number: int) -> list[Request]:
        learned: list[Request] = [
            ("predict", {"features": x(number), "id": number}),
            ("learn", {"id": number}),
        ]
        label = ("learn", {"id": number, "ground_truth": "abc"[number % 3]})
        return [*learned, label] if number % 2 else learned

    return requests


def _bare_points(model: Any, n: int) -> Outcome:
    return _bare_clusters(model, [_point(number) for number in range(n)])


def _bare_texts(model: Any, n: int) -> Outcome:
    return _bare_clusters(model, [_words(number) for number in range(n)])


def _bare_clusters(model: Any, xs: list[Any]) -> Outcome:
    silhouette = metrics.Silhouette()
    by_labels = [metrics.AdjustedRand(cm=Confusion()), metrics.VBeta(cm=Confusion())]
    step = list(model.steps.values())[-1]
    answers = []
    for number, x in enumerate(xs):
        # Some change when they predict.
        before = deepcopy(model)
        try:
            answer = before.predict_one(x)
        except ValueError:
            answer = None
        answers.append(answer)
        centers = getattr(list(before.steps.values())[-1], "centers", None)
        if answer is not None and centers:
            silhouette.update(before.transform_one(x), answer, centers)
        model.learn_one(x)
        if number % 2 and answer is not None:
            for metric in by_labels:
                metric.update("abc"[number % 3], answer)
    has_centers = hasattr(step, "centers")
    values = [silhouette.get() if has_centers else None, *(metric.get() for metric in by_labels)]
    return answers, dict(zip(("Silhouette", "AdjustedRand", "VBeta"), values, strict=True))


def _series(number: int) -> dict[str, float]:
    """Return readings that go together by two."""
    rng = random.Random(number)
    a, b = rng.gauss(0, 1), rng.gauss(0, 1)
    return {"a": a, "b": b, "c": a + rng.gauss(0, 0.1), "d": b + rng.gauss(0, 0.1)}


def _bare_series(model: Any, n: int) -> Outcome:
    answers, step = [], model["ODAC"]
    for number in range(n):
        leaves = step._find_all_active_clusters(step._root_node)
        answers.append([leaf.timeseries_names for leaf in leaves if leaf.timeseries_names])
        model.learn_one(_series(number))
    assert answers[-1] == [["a", "c"], ["b", "d"]]
    return answers, {}


def _labels(number: int) -> dict[str, bool]:
    x = _point(number)
    return {"east": x["x"] > 4, "low": x["y"] < -4, "odd": number % 2 == 1}


def _labelled(number: int) -> list[Request]:
    features = {"features": _point(number)}
    if number % 2:
        return [("predict", features), ("learn", {**features, "ground_truth": _labels(number)})]
    learned = {"id": number, "ground_truth": _labels(number)}
    return [("predict", {**features, "id": number}), ("learn", learned)]


def _bare_labels(model: Any, n: int) -> Outcome:
    board = {
        "ExactMatch": metrics.multioutput.ExactMatch(),
        "MicroAverage(Jaccard)": metrics.multioutput.MicroAverage(metrics.Jaccard()),
        "MicroAverage(F1)": metrics.multioutput.MicroAverage(metrics.F1()),
        "SampleAverage(Jaccard)": metrics.multioutput.SampleAverage(metrics.Jaccard()),
    }
    answers: list[Any] = []
    for number in range(n):
        # Some change when they predict.
        before = deepcopy(model)
        # What these search for shows in their labels alone.
        searches = isinstance(before["model"], multioutput.ProbabilisticClassifierChain)
        shares = {} if searches else before.predict_proba_one(_point(number))
        labels = {label: bool(fits) for label, fits in before.predict_one(_point(number)).items()}
        found = {
            label: {str(fits).lower(): share for fits, share in one.items()} for label, one in shares.items()
        }
        answers.append(labels if searches else found)
        if labels:
            for metric in board.values():
                metric.update(_labels(number), labels)
        model.learn_one(_point(number), _labels(number))
    return answers, {name: metric.get() for name, metric in board.items()}


def _observed(number: int) -> float:
    return random.Random(number).gauss(0.1 * number, 1.0) + (20 if number % 25 == 24 else 0)


def _observations(number: int) -> list[Request]:
    asked = {"features": _point(number), "observed": _observed(number)}
    label = ("learn", {"id": number, "ground_truth": number % 25 == 24})
    return [("predict", {**asked, "id": number}), ("learn", {"id": number}), label]


def _bare_observations(model: Any, n: int) -> Outcome:
    board = [metrics.RollingROCAUC(), metrics.RollingPRAUC(), metrics.ROCAUC()]
    of_scores = {
        "ScoreMean": stats.Mean(),
        "ScoreQuantile(0.5)": stats.Quantile(0.5),
        "ScoreQuantile(0.99)": stats.Quantile(0.99),
    }
    answers: list[Any] = []
    for number in range(n):
        x, y = _point(number), _observed(number)
        score = model.score_one(x, y)
        is_filter = isinstance(model, base.AnomalyFilter)
        verdict = {"is_anomaly": bool(model.classify(score))} if is_filter else {}
        answers.append({"score": score, **verdict})
        for statistic in of_scores.values():
            statistic.update(float(score))
        model.learn_one(x, y)
        for metric in board:
            metric.update(number % 25 == 24, float(score))
    by_truths = {type(metric).__name__: metric.get() for metric in board}
    return answers, by_truths | {name: statistic.get() for name, statistic in of_scores.items()}


def _scaled(model: Any) -> Any:
    return preprocessing.StandardScaler() | model


def _multilabel(model: Callable[[], Any]) -> Case:
    def named() -> Any:
        return compose.Pipeline(preprocessing.StandardScaler(), ("model", model()))

    return Case(flavor="multilabel", model=named, requests=_labelled, bare=_bare_labels, n=60)


def _observing(model: Callable[[], Any]) -> Case:
    return Case(flavor="supervised_anomaly", model=model, requests=_observations, bare=_bare_observations)


def _clustering(model: Callable[[], Any]) -> Case:
    return Case(flavor="clustering", model=model, requests=_clusters(_point), bare=_bare_points)


CASES: dict[str, Case] = {
    "KMeans": _clustering(lambda: _scaled(cluster.KMeans(n_clusters=3, seed=1))),
    "STREAMKMeans": _clustering(lambda: _scaled(cluster.STREAMKMeans(chunk_size=20, n_clusters=3, seed=1))),
    "CluStream": _clustering(
        lambda: _scaled(cluster.CluStream(n_macro_clusters=3, max_micro_clusters=9, time_gap=20, seed=1))
    ),
    "DBSTREAM": _clustering(lambda: _scaled(cluster.DBSTREAM(clustering_threshold=0.5, cleanup_interval=20))),
    "DenStream": _clustering(lambda: _scaled(cluster.DenStream(decaying_factor=0.01, n_samples_init=20))),
    "TextClust": Case(
        flavor="clustering",
        model=lambda: (
            feature_extraction.BagOfWords() | cluster.TextClust(num_macro=2, tgap=20, real_time_fading=False)
        ),
        requests=_clusters(_words),
        bare=_bare_texts,
    ),
    "ODAC": Case(
        flavor="clustering",
        model=lambda: _scaled(cluster.ODAC(n_min=20)),
        requests=lambda number: [
            ("predict", {"features": _series(number)}),
            ("learn", {"features": _series(number)}),
        ],
        bare=_bare_series,
    ),
    "ClassifierChain": _multilabel(lambda: multioutput.ClassifierChain(linear_model.LogisticRegression())),
    "MonteCarloClassifierChain": _multilabel(
        lambda: multioutput.MonteCarloClassifierChain(linear_model.LogisticRegression(), m=5, seed=1)
    ),
    "ProbabilisticClassifierChain": _multilabel(
        lambda: multioutput.ProbabilisticClassifierChain(linear_model.LogisticRegression())
    ),
    "PerOutputClassifier": _multilabel(
        lambda: multioutput.PerOutputClassifier(linear_model.LogisticRegression())
    ),
    "MultiClassEncoder": _multilabel(
        lambda: multioutput.MultiClassEncoder(tree.HoeffdingTreeClassifier(grace_period=10))
    ),
    **{
        name: Case(
            flavor="recommendation",
            model=model,
            requests=recommendation_cases.requests,
            bare=recommendation_cases.bare,
        )
        for name, model in recommendation_cases.MODELS.items()
    },
    "GaussianScorer": _observing(lambda: anomaly.GaussianScorer(grace_period=10)),
    "StandardAbsoluteDeviation": _observing(anomaly.StandardAbsoluteDeviation),
    "PredictiveAnomalyDetection": _observing(lambda: anomaly.PredictiveAnomalyDetection(warmup_period=10)),
    "QuantileFilter": _observing(
        lambda: anomaly.QuantileFilter(anomaly.GaussianScorer(grace_period=10), q=0.9)
    ),
    **{
        name: Case(
            flavor="forecasting",
            model=model,
            requests=forecasting_cases.requests,
            bare=forecasting_cases.bare,
            n=300,
        )
        for name, model in forecasting_cases.MODELS.items()
    },
    "WithFeatures": Case(
        flavor="forecasting",
        model=forecasting_cases.with_features,
        requests=forecasting_cases.requests_with_features,
        bare=forecasting_cases.bare_with_features,
    ),
}
