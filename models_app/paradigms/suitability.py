"""Which flavor a model is for, as far as its class and its signatures show, before it is tried."""

import inspect
from collections.abc import Sequence

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms import read_only
from models_app.paradigms.base import AT, Paradigm, last_step
from models_app.paradigms.registry import FLAVORS

# Second parameters that are no ground truth: a weight, or a time.
_NO_TRUTHS = frozenset({"w", "weight", "weights", "sample_weight", "t", "time", "timestamp"})


def check(model: object, flavor: Paradigm) -> str:
    """Return the method that predicts, empty where it is the flavor's own; raises `ModelNotSuitable`."""
    if isinstance(model, type):
        name = model.__name__
        raise ModelNotSuitable(f"This is the class {name}, not a model: pickle an object of it, {name}(...).")
    step = last_step(model)
    if getattr(step, "steps", None) == {}:
        raise ModelNotSuitable(f"The pipeline has no steps: let its last one be {flavor.wanted}.")
    other = _of_another_flavor(step, flavor) or flavor.unsuitable(step)
    if other is not None:
        raise ModelNotSuitable(_of_another_kind(step, other, flavor))
    method = _method(step, flavor)
    for called, arguments in flavor.calls.items():
        asked = method if method and called == flavor.predict_method else called
        _check_call(step, asked, arguments, goes_by_time=flavor.clock is not None)
    if flavor.needs_truth and "learn_one" in flavor.methods:
        _check_truth(step, flavor)
    return method


def _of_another_flavor(step: object, flavor: Paradigm) -> str | None:
    """Say what a model is that is of River's kinds for other flavors, and of none for this one."""
    if flavor.described and flavor.is_meant_by(step):
        return None
    others = [other for other in FLAVORS.values() if other.described and other.is_meant_by(step)]
    if not others:
        return None
    named = " or ".join(f"'{other.name}'" for other in others)
    return f"{others[0].described}, for the flavor {named}"


def _method(step: object, flavor: Paradigm) -> str:
    missing = flavor.missing_methods(step)
    if not missing:
        return ""
    method = flavor.fallback(step)
    if missing == [flavor.predict_method] and method is not None:
        return method
    text = _without(missing[0], flavor)
    predicts = flavor.predict_method not in missing or method is not None
    raise ModelNotSuitable(f"{text} {read_only.HINT}" if predicts and missing[0] == read_only.LEARN else text)


def _without(method: str, flavor: Paradigm) -> str:
    return (
        f"The model does not implement {method}. The upload's flavor is '{flavor.name}': upload "
        f"{flavor.wanted}, or another object that has {' and '.join(flavor.methods)}, or name another flavor."
    )


def _of_another_kind(step: object, described: str, flavor: Paradigm) -> str:
    missing = flavor.missing_methods(step)
    lacks = f"The model does not implement {missing[0]}. " if missing else ""
    name = type(step).__name__
    return (
        f"{lacks}{name} is {described}; the upload's flavor is '{flavor.name}': upload {flavor.wanted}, or "
        "name another flavor."
    )


def _check_call(step: object, method: str, arguments: Sequence[str], *, goes_by_time: bool) -> None:
    """Raise `ModelNotSuitable` where a method cannot be called with so many arguments."""
    signature = _signature(step, method)
    if signature is None:
        return
    try:
        signature.bind(*arguments, **({AT: AT} if goes_by_time and AT in signature.parameters else {}))
    except TypeError as error:
        called = f"{type(step).__name__}.{method}{signature}"
        message = (
            f"{called} cannot be called with {' and '.join(arguments)}: {error}. Let it take these alone, or "
            f"wrap the model in an object whose {method} does."
        )
        raise ModelNotSuitable(message) from None


def _check_truth(step: object, flavor: Paradigm) -> None:
    signature = _signature(step, "learn_one")
    if signature is None:
        return
    names = [name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    if len(names) > 1 and names[1] in _NO_TRUTHS:
        raise ModelNotSuitable(
            f"The second parameter of {type(step).__name__}.learn_one is '{names[1]}', no ground truth: the "
            f"server calls learn_one(features, ground_truth). Upload {flavor.wanted}, or wrap the model in "
            "an object whose learn_one takes these."
        )


def _signature(step: object, method: str) -> inspect.Signature | None:
    try:
        return inspect.signature(getattr(step, method))
    except (TypeError, ValueError):
        # Compiled, or odd: the trial shows it.
        return None
