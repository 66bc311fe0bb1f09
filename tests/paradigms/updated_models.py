"""A model of each of River's classes that are updated: transformers, statistics and drift detectors."""

import datetime as dt
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import river
from river import (
    compose,
    covariance,
    drift,
    feature_extraction,
    feature_selection,
    metrics,
    misc,
    preprocessing,
    proba,
    sketch,
    stats,
    utils,
)

#: A record: what a learn has beside the model's name.
Record = dict[str, Any]
N = 40
_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_WORDS = ("red", "green", "blue", "green")
_TEXTS = ("a good match for all", "another day at the sea", "the good sea", "no match today")


@dataclass(frozen=True)
class Case:
    """A model, what it learns from, and what it is asked about beside its reading."""

    make: Callable[[], Any]
    record: Callable[[int], Record]
    questions: tuple[Any, ...] = ()


def number(n: int) -> float:
    return (7 * n % 11) / 2 - 1.25 + n / 100


def numbers(n: int) -> Record:
    return {"features": {"a": number(n), "b": number(n + 3) + n % 2, "c": float(n % 4)}}


def words(n: int) -> Record:
    return {"features": {"place": _WORDS[n % 4], "side": _WORDS[n % 3], "a": number(n)}}


def texts(n: int) -> Record:
    return {"features": _TEXTS[n % 4]}


def at(n: int) -> str:
    # Some are late.
    return (_START + dt.timedelta(hours=6 * (n - 3 * (n % 5 == 4)))).isoformat()


def with_truth(record: Callable[[int], Record], n: int) -> Record:
    return {**record(n), "ground_truth": number(n + 1)}


def with_time(record: Callable[[int], Record], n: int) -> Record:
    return {**record(n), "t": at(n)}


def value(n: int) -> Record:
    return {"ground_truth": number(n)}


def word(n: int) -> Record:
    return {"ground_truth": _WORDS[n % 4]}


def binary(n: int) -> Record:
    return {"ground_truth": n % 3 == 0}


def probability(n: int) -> Record:
    return {"ground_truth": n % 2}


def wrong_later(n: int) -> Record:
    return {"ground_truth": n % 5 == 0 if n < 300 else n % 5 != 0}


def shifting(n: int) -> Record:
    return {"ground_truth": number(n) + (0 if n < 300 else 25)}


def two(n: int) -> Record:
    return {"ground_truth": {"x": number(n), "y": number(n + 4) - n % 3}}


def two_words(n: int) -> Record:
    return {"ground_truth": {"x": _WORDS[n % 4], "y": _WORDS[n % 3]}}


def tenfold(x: dict[str, Any]) -> dict[str, Any]:
    return {name: 10 * number for name, number in x.items()}


_timed_mean = functools.partial(utils.TimeRolling, stats.Mean, period=dt.timedelta(days=2))
_truth, _time = (
    functools.partial(functools.partial, with_truth),
    functools.partial(functools.partial, with_time),
)

TRANSFORMERS: dict[str, Case] = {
    "Discard": Case(lambda: compose.Discard("a"), numbers),
    "FuncTransformer": Case(lambda: compose.FuncTransformer(tenfold), numbers),
    "Grouper": Case(lambda: compose.Grouper(preprocessing.MinMaxScaler(), by="c"), numbers),
    "Prefixer": Case(lambda: compose.Prefixer("new_"), numbers),
    "Renamer": Case(lambda: compose.Renamer({"a": "z"}), numbers),
    "Select": Case(lambda: compose.Select("a", "b"), numbers),
    "SelectType": Case(lambda: compose.SelectType(str), words),
    "Suffixer": Case(lambda: compose.Suffixer("_old"), numbers),
    "TransformerProduct": Case(lambda: compose.Select("a", "b") * compose.Select("c"), numbers),
    "TransformerUnion": Case(
        lambda: (
            (compose.Select("a") | preprocessing.StandardScaler())
            + (compose.Select("b", "c") | preprocessing.MinMaxScaler())
        ),
        numbers,
    ),
    "Agg": Case(lambda: feature_extraction.Agg(on="a", by="place", how=stats.Mean()), words),
    "BagOfWords": Case(lambda: feature_extraction.BagOfWords(ngram_range=(1, 2)), texts),
    "PolynomialExtender": Case(feature_extraction.PolynomialExtender, numbers),
    "RandomTreesEmbedding": Case(lambda: feature_extraction.RandomTreesEmbedding(3, 3, seed=1), numbers),
    "RBFSampler": Case(lambda: feature_extraction.RBFSampler(n_components=5, seed=1), numbers),
    "TargetAgg": Case(lambda: feature_extraction.TargetAgg(by="place", how=stats.Mean()), _truth(words)),
    "TFIDF": Case(feature_extraction.TFIDF, texts),
    "PoissonInclusion": Case(lambda: feature_selection.PoissonInclusion(p=0.5, seed=1), numbers),
    "SelectKBest": Case(lambda: feature_selection.SelectKBest(stats.PearsonCorr(), k=2), _truth(numbers)),
    "VarianceThreshold": Case(lambda: feature_selection.VarianceThreshold(0.5), numbers),
    "AdaptiveStandardScaler": Case(preprocessing.AdaptiveStandardScaler, numbers),
    "Binarizer": Case(preprocessing.Binarizer, numbers),
    "FeatureHasher": Case(lambda: preprocessing.FeatureHasher(n_features=8, seed=1), words),
    "GapEncoder": Case(lambda: preprocessing.GapEncoder(n_components=3, on="place", seed=1), words),
    "GaussianRandomProjector": Case(lambda: preprocessing.GaussianRandomProjector(2, seed=1), numbers),
    "LDA": Case(lambda: feature_extraction.BagOfWords() | preprocessing.LDA(n_components=2, seed=1), texts),
    "MaxAbsScaler": Case(preprocessing.MaxAbsScaler, numbers),
    "MinMaxScaler": Case(preprocessing.MinMaxScaler, numbers),
    "Normalizer": Case(preprocessing.Normalizer, numbers),
    "OneHotEncoder": Case(preprocessing.OneHotEncoder, words),
    "OrdinalEncoder": Case(preprocessing.OrdinalEncoder, words),
    "PreviousImputer": Case(preprocessing.PreviousImputer, numbers),
    "RobustScaler": Case(preprocessing.RobustScaler, numbers),
    "SparseRandomProjector": Case(
        lambda: preprocessing.SparseRandomProjector(2, density=0.5, seed=1), numbers
    ),
    "StandardScaler": Case(preprocessing.StandardScaler, numbers),
    "StatImputer": Case(lambda: preprocessing.StatImputer(("a", stats.Mean())), numbers),
    # Not classes, but what is made of them.
    "timed_agg": Case(lambda: feature_extraction.Agg(on="a", by="place", how=_timed_mean()), _time(words)),
    "timed_target_agg": Case(
        lambda: feature_extraction.TargetAgg(by="place", how=_timed_mean()), _time(_truth(words))
    ),
    "pipeline": Case(
        lambda: preprocessing.StandardScaler() | feature_selection.SelectKBest(stats.PearsonCorr(), k=2),
        _truth(numbers),
    ),
    "timed_pipeline": Case(
        lambda: compose.Pipeline(
            feature_extraction.Agg(on="a", by="place", how=_timed_mean()), preprocessing.StandardScaler()
        ),
        _time(words),
    ),
}

#: What River keeps by the addresses of objects: no pickle of it goes on.
UNPICKLED = frozenset({"RandomTreesEmbedding"})

STATISTICS: dict[str, Case] = {
    **{
        kind.__name__: Case(kind, value)
        for kind in (
            stats.AbsMax, stats.Count, stats.EWMean, stats.EWVar, stats.IQR, stats.Kurtosis, stats.MAD,
            stats.Max, stats.Mean, stats.Min, stats.PeakToPeak, stats.Quantile, stats.SEM, stats.Shift,
            stats.Skew, stats.Sum, stats.Var,
        )
    },
    "BayesianMean": Case(lambda: stats.BayesianMean(1.0, 2.0), value),
    "AutoCorr": Case(lambda: stats.AutoCorr(1), value),
    "Link": Case(lambda: stats.Shift(1) | stats.Mean(), value),
    "Entropy": Case(stats.Entropy, word),
    "Mode": Case(stats.Mode, word),
    "RollingMode": Case(lambda: stats.RollingMode(5), word),
    "RollingQuantile": Case(lambda: stats.RollingQuantile(0.5, 5), value),
    **{
        kind.__name__: Case(functools.partial(kind, window_size=5), value)
        for kind in (stats.RollingAbsMax, stats.RollingIQR, stats.RollingMax, stats.RollingMin,
                     stats.RollingPeakToPeak)
    },
    **{
        kind.__name__: Case(kind, two)
        for kind in (stats.Cov, stats.EWCov, stats.KolmogorovSmirnov, stats.PearsonCorr)
    },
    "ChiSquared": Case(stats.ChiSquared, two_words),
    "Counter": Case(lambda: sketch.Counter(seed=1), value, (number(3), 99.0)),
    "HeavyHitters": Case(sketch.HeavyHitters, word, ("green", "violet")),
    "Histogram": Case(lambda: sketch.Histogram(8), value, (0.0, 2.5)),
    "NUnique": Case(lambda: sketch.NUnique(seed=1), word),
    "Set": Case(lambda: sketch.Set(seed=1), value, (number(3), 99.0)),
    "Beta": Case(proba.Beta, probability, (0.25,)),
    "Gaussian": Case(proba.Gaussian, value, (0.25,)),
    "Multinomial": Case(proba.Multinomial, word, ("green",)),
    "MultivariateGaussian": Case(proba.MultivariateGaussian, numbers),
    **{
        kind: Case(getattr(covariance, kind), numbers) for kind in covariance.__all__
    },
    "SDFT": Case(lambda: misc.SDFT(4), value),
    "Skyline": Case(lambda: misc.Skyline(minimize=["a"], maximize=["b"]), numbers),
    "Rolling": Case(lambda: utils.Rolling(stats.Mean, window_size=3), value),
    "TimeRolling": Case(_timed_mean, _time(value)),
    # Not classes, but what is made of them.
    "rolling_correlation": Case(lambda: utils.Rolling(stats.PearsonCorr, window_size=5), two),
    "timed_correlation": Case(
        lambda: utils.TimeRolling(stats.PearsonCorr, period=dt.timedelta(days=1)), _time(two)
    ),
    "rolling_distribution": Case(lambda: utils.Rolling(proba.Multinomial, window_size=5), word, ("green",)),
    "rolling_covariance": Case(lambda: utils.Rolling(covariance.EmpiricalCovariance, window_size=5), numbers),
    "rolling_metric": Case(
        lambda: utils.Rolling(metrics.MAE, window_size=5),
        lambda n: {"ground_truth": {"y_true": number(n), "y_pred": number(n + 1)}},
    ),
}  # fmt: skip

DETECTORS: dict[str, Case] = {
    "ADWIN": Case(drift.ADWIN, shifting),
    "DummyDriftDetector": Case(lambda: drift.DummyDriftDetector(t_0=100, seed=1), shifting),
    "KSWIN": Case(lambda: drift.KSWIN(seed=1), shifting),
    "NoDrift": Case(drift.NoDrift, shifting),
    "PageHinkley": Case(drift.PageHinkley, shifting),
    **{
        kind.__name__: Case(kind, wrong_later)
        for kind in (
            drift.binary.DDM, drift.binary.EDDM, drift.binary.FHDDM, drift.binary.HDDMA, drift.binary.HDDMW,
        )
    },
}  # fmt: skip


def public_classes(*parents: type[Any]) -> set[str]:
    """Return the names of River's public classes that are of some kinds."""
    found = set()
    for module in pkgutil.walk_packages(river.__path__, "river."):
        # What is to be derived from is no model, though not all of it is abstract.
        if "._" in module.name or not module.ispkg or module.name == "river.base":
            continue
        try:
            package = importlib.import_module(module.name)
        except ImportError:
            # It needs a library that is not installed.
            continue
        named = {getattr(package, name, None) for name in getattr(package, "__all__", ())}
        found |= {
            kind.__name__
            for kind in named
            if inspect.isclass(kind) and issubclass(kind, parents) and not inspect.isabstract(kind)
        }
    return found
