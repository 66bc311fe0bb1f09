"""Options of a prediction: what else a model has to say of it, where a request asks for that.

An interval and a distribution are those that the model predicts. An explanation is of models that are sums or
trees: how much each feature has added. Whether to ask for the ground truth is said by the prediction itself.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from river import base, conf
from river.linear_model.base import GLM
from river.tree.hoeffding_tree import HoeffdingTree

from models_app.domain import predictions, uncertainty
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.domain.predictions import Label, Prediction
from models_app.paradigms.base import Paradigm, is_a, last_step

INTERVAL, DISTRIBUTION, EXPLANATION, ASK = "interval", "distribution", "explanation", "ask"
#: All that there are.
NAMES = (INTERVAL, DISTRIBUTION, EXPLANATION, ASK)
#: The member of requests that asks for them.
FIELD = "options"

_WITH_INTERVAL = "with_interval"

#: Values by the names of options.
Details = dict[str, Prediction]


def refused(reason: str) -> InvalidRequest:
    """Return the refusal of an option."""
    return InvalidRequest({FIELD: [reason]})


def check(paradigm: Paradigm, options: Sequence[str]) -> None:
    """Raise `InvalidRequest` where models of the paradigm have no such option."""
    for option in options:
        if option not in paradigm.options:
            raise refused(f"'{option}' is no option of the flavor '{paradigm.name}'")
        if option == ASK and not (paradigm.has_probabilities or paradigm.asks):
            raise refused(f"'{ASK}' goes by probabilities, and the model has none")


def is_worth_asking(y_pred: Prediction) -> bool:
    """Say whether the ground truth of a prediction is worth asking for; nothing predicted: it is.

    >>> is_worth_asking({True: 0.9, False: 0.1}), is_worth_asking(None)
    (False, True)
    """
    return not isinstance(y_pred, dict) or uncertainty.is_worth_asking(y_pred)


def details(
    model: Any, paradigm: Paradigm, options: Sequence[str], read: Callable[[], Features]
) -> dict[str, Prediction]:
    """Return what a model says of its prediction, by option; `read` returns a fresh copy of the features.

    Raises `InvalidRequest` where it has nothing to say, and whatever the model raises.
    """
    return {option: predictions.tree(_DETAILS[option](model, paradigm, read)) for option in options}


def gives_intervals(model: object, paradigm: Paradigm) -> bool:
    """Say whether a model predicts intervals where it is asked for them."""
    return INTERVAL in paradigm.options and _takes(last_step(model), _WITH_INTERVAL)


def _interval(model: Any, _paradigm: Paradigm, read: Callable[[], Features]) -> object:
    step = _taking(model, _WITH_INTERVAL, INTERVAL)
    interval = model.predict_one(read(), with_interval=True)
    found = {"lower": interval.lower, "upper": interval.upper}
    level = getattr(step, "confidence_level", None)
    return found if level is None else {**found, "level": level}


def _distribution(model: Any, _paradigm: Paradigm, read: Callable[[], Features]) -> object:
    _taking(model, "with_dist", DISTRIBUTION)
    found = model.predict_one(read(), with_dist=True)
    return {"name": type(found).__name__, "mean": found.mu, "sd": found.sigma}


def _taking(model: Any, parameter: str, option: str) -> object:
    """Return the step that predicts, if it takes a parameter that asks for an option."""
    step = last_step(model)
    if not _takes(step, parameter):
        raise refused(f"'{option}' is nothing that {type(step).__name__} predicts")
    return step


def _takes(step: Any, parameter: str) -> bool:
    try:
        return parameter in inspect.signature(step.predict_one).parameters
    except (TypeError, ValueError):
        # One of another language says nothing of its parameters.
        return False


def _explanation(model: Any, paradigm: Paradigm, read: Callable[[], Features]) -> object:
    found = _contributions(model, paradigm, read) or {}
    debug = getattr(model, "debug_one", None)
    text = debug(read()) if callable(debug) else None
    if text:
        found["text"] = text
    if not found:
        raise refused(f"'{EXPLANATION}' is not known of {type(last_step(model)).__name__}, as it is")
    return found


def _contributions(model: Any, paradigm: Paradigm, read: Callable[[], Features]) -> dict[str, Any] | None:
    """Return what each feature adds to what the model begins with; None: it is neither a sum nor a tree."""
    step, x = last_step(model), read()
    if step is not model:
        x = model.transform_one(x)
    if is_a(step, conf.RegressionJackknife):
        # What it wraps predicts.
        return _contributions(step.regressor, paradigm, lambda: x)  # type: ignore[attr-defined]
    if is_a(step, GLM):
        return _of_sum(step, x)
    if is_a(step, HoeffdingTree) and (is_a(step, base.Classifier) or is_a(step, base.Regressor)):
        y_pred = paradigm.normalize(paradigm.predictor(model)(read()))
        label = predictions.most_probable(y_pred) if isinstance(y_pred, dict) and y_pred else None
        return _of_tree(step, x, label)
    return None


def _of_sum(step: Any, x: Any) -> dict[str, Any]:
    weights = step.weights
    return {
        "base": step.intercept,
        "contributions": {str(name): value * weights.get(name, 0.0) for name, value in x.items()},
    }


def _of_tree(step: Any, x: Any, label: Label | None) -> dict[str, Any] | None:
    """Return how a value changes on the way to the leaf: the mean, or a label's share of what came by.

    Each change is of the feature that its node decides by: Saabas, 2014.
    """
    if step._root is None:
        return None
    path = list(step._root.walk(x))
    values = [_value(node, label) for node in path]
    contributions: dict[str, float] = {}
    for node, before, after in zip(path, values, values[1:], strict=False):
        name = str(node.feature)
        contributions[name] = contributions.get(name, 0.0) + after - before
    found = {"base": values[0], "contributions": contributions}
    return found if label is None else {**found, "label": label}


def _value(node: Any, label: Label | None) -> float:
    if label is None:
        return float(node.stats.mean.get())
    total = sum(node.stats.values())
    return float(node.stats.get(label, 0.0) / total) if total else 0.0


_DETAILS = {INTERVAL: _interval, DISTRIBUTION: _distribution, EXPLANATION: _explanation}
