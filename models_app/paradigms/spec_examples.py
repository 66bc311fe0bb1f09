"""Specifications of each flavor to start from: ordinary models of River's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SpecExample:
    """A specification under a title, for models of one flavor."""

    flavor: str
    title: str
    spec: _Spec

    @property
    def key(self) -> str:
        """What a form calls it."""
        return f"{self.flavor}: {self.title}"


def _of(path: str, **params: Any) -> _Spec:
    return {"class": path, "params": params} if params else {"class": path}


_SCALER = _of("preprocessing.StandardScaler")
_TREE = _of("tree.HoeffdingTreeClassifier")
_LOGISTIC = _of("linear_model.LogisticRegression")
_LINEAR = _of("linear_model.LinearRegression", intercept_lr=0.1)


def _scaled(*steps: _Spec) -> _Spec:
    return {"pipeline": [_SCALER, *steps]}


_NUMBERS_AND_TEXTS = {
    "union": [
        {"pipeline": [_of("compose.SelectType", types=[{"type": "numbers.Number"}]), _SCALER]},
        {
            "pipeline": [
                _of("compose.SelectType", types=[{"type": "str"}]),
                _of("preprocessing.OneHotEncoder"),
            ]
        },
    ]
}

_EXAMPLES: Mapping[str, Mapping[str, _Spec]] = {
    "regression": {
        "linear, of scaled numbers": _scaled(_LINEAR),
        "linear, of numbers and texts": {"pipeline": [_NUMBERS_AND_TEXTS, _LINEAR]},
        "a forest that adapts": _of("forest.ARFRegressor", n_models=10, seed=42),
    },
    "binary": {
        "logistic, of scaled numbers": _scaled(
            _of("linear_model.LogisticRegression", optimizer=_of("optim.SGD", lr=0.05), l2=0.001)
        ),
        "logistic, of numbers and texts": {"pipeline": [_NUMBERS_AND_TEXTS, _LOGISTIC]},
        "a forest that adapts": _of("forest.ARFClassifier", n_models=10, seed=42),
    },
    "multiclass": {
        "a tree": _of("tree.HoeffdingAdaptiveTreeClassifier", grace_period=100, seed=42),
        "words of a text": {
            "pipeline": [
                _of("feature_extraction.BagOfWords", lowercase=True),
                _of("naive_bayes.MultinomialNB", alpha=1.0),
            ]
        },
        "one logistic a class": _scaled(_of("multiclass.OneVsRestClassifier", classifier=_LOGISTIC)),
    },
    "label": {
        "one perceptron a pair of classes": _scaled(
            _of("multiclass.OneVsOneClassifier", classifier=_of("linear_model.Perceptron"))
        ),
    },
    "multioutput": {
        "a tree of several numbers": _of("tree.ISOUPTreeRegressor", grace_period=100),
        "a chain of linear models": _of(
            "multioutput.RegressorChain", model=_scaled(_LINEAR), order=["price", "days"]
        ),
    },
    "multilabel": {
        "a chain of logistic models": _of(
            "multioutput.ClassifierChain", model=_scaled(_LOGISTIC), order=["garden", "garage"]
        ),
    },
    "anomaly": {
        "half-space trees": {
            "pipeline": [
                _of("preprocessing.MinMaxScaler"),
                _of("anomaly.HalfSpaceTrees", n_trees=25, height=8, window_size=250, seed=42),
            ]
        },
        "with a filter": {
            "pipeline": [
                _of("preprocessing.MinMaxScaler"),
                _of(
                    "anomaly.QuantileFilter",
                    anomaly_detector=_of("anomaly.HalfSpaceTrees", seed=42),
                    q=0.98,
                ),
            ]
        },
    },
    "supervised_anomaly": {
        "far from what is usual": _of("anomaly.GaussianScorer", window_size=None, grace_period=100),
    },
    "clustering": {
        "k-means": _scaled(_of("cluster.KMeans", n_clusters=5, halflife=0.4, seed=42)),
    },
    "forecasting": {
        "with a season": _of("time_series.HoltWinters", alpha=0.3, beta=0.1, gamma=0.6, seasonality=12),
        "autoregressive, with features": _of(
            "time_series.SNARIMAX", p=12, d=1, q=12, regressor=_scaled(_LINEAR)
        ),
    },
    "recommendation": {
        "biased factors": _of(
            "reco.BiasedMF",
            n_factors=10,
            bias_optimizer=_of("optim.SGD", lr=0.025),
            latent_optimizer=_of("optim.SGD", lr=0.05),
            seed=42,
        ),
    },
    "bandit": {
        "epsilon-greedy": _of("bandit.EpsilonGreedy", epsilon=0.1, decay=0.001, seed=42),
        "Thompson sampling, of yes and no": _of(
            "bandit.ThompsonSampling", reward_obj=_of("proba.Beta"), seed=42
        ),
        "linear, of features": _of("bandit.LinUCBDisjoint", alpha=1.0, seed=42),
    },
    "transform": {
        "scaled numbers, texts by value": _NUMBERS_AND_TEXTS,
    },
    "statistic": {
        "mean of the last hundred": _of("utils.Rolling", cls={"type": "stats.Mean"}, window_size=100),
        "a quantile": _of("stats.Quantile", q=0.9),
    },
    "drift": {
        "ADWIN": _of("drift.ADWIN", delta=0.002),
        "Page-Hinkley": _of("drift.PageHinkley", threshold=50.0),
    },
}  # fmt: skip

#: All of them, by flavor.
EXAMPLES: Sequence[SpecExample] = tuple(
    SpecExample(flavor, title, spec) for flavor, specs in _EXAMPLES.items() for title, spec in specs.items()
)
