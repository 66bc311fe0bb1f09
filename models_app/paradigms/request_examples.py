"""Requests of each flavor that asks or learns in a way of its own, as the schema shows them.

A model of the flavor has been uploaded as its name.
"""

from typing import Any

Request = dict[str, Any]

_FEATURES = {"area": 71.5, "rooms": 3}
_ASKED: dict[str, Request] = {
    "multioutput": {"features": _FEATURES},
    "anomaly": {"features": _FEATURES},
    "supervised_anomaly": {"features": _FEATURES, "observed": 310.5},
    "forecasting": {"horizon": 2, "xs": [{"holiday": 0}, {"holiday": 1}]},
    "recommendation": {"user": "ann", "items": [7, "tea", "Alien"], "k": 2},
    "clustering": {"features": _FEATURES},
    "bandit": {"arms": ["coffee", "tea", 3], "features": {"hour": 9}},
    "multilabel": {"features": _FEATURES},
    "transform": {"features": _FEATURES},
    "statistic": {},
    "drift": {},
}
_LEARNED: dict[str, Request] = {
    "multioutput": {"features": _FEATURES, "ground_truth": {"price": 310.5, "days": 12}},
    "anomaly": {"features": _FEATURES},
    "supervised_anomaly": {"features": _FEATURES, "observed": 310.5},
    "forecasting": {"ground_truth": 2.5, "features": {"holiday": 0}},
    "recommendation": {"user": "ann", "item": 7, "ground_truth": 4.5},
    "clustering": {"features": _FEATURES},
    "bandit": {"arms": ["coffee", "tea"], "arm": "tea", "propensity": 0.5, "ground_truth": 1},
    "multilabel": {"features": _FEATURES, "ground_truth": {"garden": True, "garage": False}},
    "transform": {"features": _FEATURES},
    "statistic": {"ground_truth": 2.5},
    "drift": {"ground_truth": 0.5},
}


def asked() -> dict[str, Request]:
    """Return a request to predict of each, by the example's name."""
    return {f"of_the_flavor_{flavor}": {"model": flavor, **members} for flavor, members in _ASKED.items()}


def learned() -> dict[str, Request]:
    """Return a request to learn of each, by the example's name."""
    return {f"of_the_flavor_{flavor}": {"model": flavor, **members} for flavor, members in _LEARNED.items()}
