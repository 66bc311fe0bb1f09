"""Every public class of the installed River that learns, estimators and others, and an object of each."""

import datetime as dt
import inspect
from functools import partial
from typing import Any

from river import anomaly, bandit, base, cluster, misc, optim, proba, reco, stats, utils

from tests.battery import estimators

#: Packages of classes that learn, though they are no estimators: by `update`.
_PACKAGES = frozenset({"bandit", "covariance", "drift", "misc", "proba", "sketch", "stats", "utils"})
_LEARNING = ("learn_one", "update")
#: By class: how to make one of which River does not say it itself.
_BY_HAND: dict[str, Any] = {
    # Without a warm-up its first threshold is zero, by which it divides.
    "anomaly.PredictiveAnomalyDetection": lambda: anomaly.PredictiveAnomalyDetection(warmup_period=10),
    "bandit.BayesUCB": lambda: bandit.BayesUCB(seed=1),
    "bandit.EpsilonGreedy": lambda: bandit.EpsilonGreedy(epsilon=0.2, seed=1),
    "bandit.Exp3": lambda: bandit.Exp3(gamma=0.5, seed=1),
    "bandit.LinUCBDisjoint": lambda: bandit.LinUCBDisjoint(alpha=1.0, seed=1),
    "bandit.RandomPolicy": lambda: bandit.RandomPolicy(seed=1),
    "bandit.ThompsonSampling": lambda: bandit.ThompsonSampling(reward_obj=proba.Beta(seed=1), seed=1),
    "bandit.UCB": lambda: bandit.UCB(delta=1.0, seed=1),
    # Without a seed they make generators anew, which a loop of River's own does not have again.
    "cluster.CluStream": lambda: cluster.CluStream(n_macro_clusters=3, time_gap=20, seed=1),
    "cluster.STREAMKMeans": lambda: cluster.STREAMKMeans(chunk_size=10, n_clusters=2, seed=1),
    # Fading by a moment that comes with the record is tried with models that go by time.
    "cluster.TextClust": lambda: cluster.TextClust(num_macro=2, tgap=20, real_time_fading=False),
    "misc.SDFT": lambda: misc.SDFT(window_size=4),
    "misc.Skyline": lambda: misc.Skyline(minimize=["a"], maximize=["b"]),
    "proba.MultivariateGaussian": lambda: proba.MultivariateGaussian(seed=1),
    # Its own rates overflow on the ratings of the battery.
    "reco.FunkMF": lambda: reco.FunkMF(optimizer=optim.SGD(0.005), seed=1),
    "stats.AutoCorr": lambda: stats.AutoCorr(lag=2),
    "stats.Link": lambda: stats.Mean() | stats.Var(),
    "stats.BayesianMean": lambda: stats.BayesianMean(prior=1.0, prior_weight=2.0),
    "stats.RollingQuantile": lambda: stats.RollingQuantile(q=0.5, window_size=5),
    **{
        f"stats.{kind.__name__}": partial(kind, window_size=5)
        for kind in (
            stats.RollingAbsMax, stats.RollingIQR, stats.RollingMax, stats.RollingMin, stats.RollingMode,
            stats.RollingPeakToPeak,
        )
    },
    "utils.Rolling": lambda: utils.Rolling(stats.Mean, window_size=5),
    "utils.TimeRolling": lambda: utils.TimeRolling(stats.Mean, period=dt.timedelta(minutes=5)),
}  # fmt: skip


def classes() -> list[type[Any]]:
    """Return the classes, in the order of their titles."""
    found = set(estimators.classes())
    for package in estimators.packages():
        if package.__name__.split(".")[1] in _PACKAGES:
            members = (getattr(package, name, None) for name in getattr(package, "__all__", ()))
            found |= {member for member in members if inspect.isclass(member) and _learns(member)}
    # What all estimators are derived from is none.
    return sorted(found - {base.Estimator}, key=title)


def _learns(kind: type[Any]) -> bool:
    root, package, *_ = kind.__module__.split(".")
    return (root, package in _PACKAGES, inspect.isabstract(kind)) == ("river", True, False) and any(
        hasattr(kind, name) for name in _LEARNING
    )


def title(kind: type[Any]) -> str:
    """Return a class's name with its package's."""
    return estimators.title(kind)


def instance(kind: type[Any]) -> Any | None:
    """Return a new object; None where the class cannot be made here."""
    if title(kind) in _BY_HAND:
        return _BY_HAND[title(kind)]()
    if issubclass(kind, base.Estimator):
        return next(iter(estimators.instances(kind)), None)
    parameters: dict[str, Any] = (
        next(iter(kind._unit_test_params()), {}) if hasattr(kind, "_unit_test_params") else {}
    )
    return kind(**parameters)
