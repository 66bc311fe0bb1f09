"""Describes a model by a specification: the reverse of `building`.

Objects are described by the parameters that they keep; of most classes of River's these are what they were
made with. Where a class keeps another thing, there is a rule for it here.
"""

import collections
import datetime as dt
import functools
import math
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from river import compose, metrics, utils
from river.neighbors.base import FunctionWrapper, _euclidean_tuple_distance

from models_app.domain import set_orders
from models_app.domain.specs import allowing, bounds
from models_app.domain.specs.allowing import FUNCTIONS, TYPES, Allowed
from models_app.domain.specs.walking import Json

_CHAINS: Mapping[type[Any], str] = {
    compose.Pipeline: "pipeline",
    compose.TransformerUnion: "union",
    compose.TransformerProduct: "product",
}
_FUNCTIONS = {function: path for path, function in FUNCTIONS.items()}
# What an upload brings may raise when it is compared; these do not.
_CALLABLES = (types.BuiltinFunctionType, types.FunctionType, types.MethodDescriptorType)
_TYPES = {kind: path for path, kind in TYPES.items()}
_ROLLING = (utils.Rolling, utils.TimeRolling)
# They take what they find for it by themselves.
_DISTANCES_BY_DEFAULT = (utils.math._euclidean_distance, _euclidean_tuple_distance)


class NotDescribable(Exception):
    """Something in a model has no form in a specification; the message names its place."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place or 'the model'}: {what}")


def described(value: Any, place: str = "", depth: int = 0) -> Json:
    """Return a value as a specification has it, every parameter written; raises `NotDescribable`."""
    if depth > bounds.MAX_DEPTH:
        raise NotDescribable(place, f"nested deeper than {bounds.MAX_DEPTH} levels")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int, float, str):
        return _scalar(value, place)
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value, place, depth + 1)
    path = allowing.paths().get(type(value))
    if path is not None:
        return _part(value, allowing.classes()[path], place, depth + 1)
    return _named(value, place)


def _scalar(value: Any, place: str) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            raise NotDescribable(place, "is not a number")
        return {"float": "inf" if value > 0 else "-inf"}
    return value


def _named(value: Any, place: str) -> Json:
    if isinstance(value, type):
        path = _TYPES.get(value) or allowing.paths().get(value)
        if path is not None:
            return {"type": path}
    elif isinstance(value, _CALLABLES) and value in _FUNCTIONS:
        return {"function": _FUNCTIONS[value]}
    name = getattr(value, "__qualname__", None) or type(value).__qualname__
    raise NotDescribable(place, f"{name} is neither a class nor a function that specifications have")


def _chain(chain: Any, place: str, depth: int) -> Json:
    kind = _CHAINS[type(chain)]
    steps = chain.steps if kind == "pipeline" else chain.transformers
    at = f"{place}.{kind}" if place else kind
    written = []
    given: set[str] = set()
    for number, (name, step) in enumerate(steps.items()):
        each = described(step, f"{at}[{number}]", depth + 1)
        if type(each) is not dict or type(name) is not str:
            raise NotDescribable(f"{at}[{number}]", "no step of a specification")
        inferred = _free(_title(step), given)
        given.add(name)
        written.append(each if name == inferred else {"name": name, **each})
    if not written:
        raise NotDescribable(at, "no steps")
    return {kind: written}


def _title(step: Any) -> str:
    """Return what River names a step after."""
    if type(step) is compose.FuncTransformer:
        return getattr(step.func, "__name__", type(step.func).__name__)
    return type(step).__name__


def _free(name: str, given: set[str]) -> str:
    counter, free = 0, name
    while free in given:
        counter += 1
        free = f"{name}{counter}"
    return free


def _part(value: Any, allowed: Allowed, place: str, depth: int) -> Json:
    at = f"{place}.params" if place else "params"
    kept = _kept(value, allowed, at)
    params = {name: described(each, f"{at}.{name}", depth + 1) for name, each in kept.items()}
    written: dict[str, Json] = {"class": allowed.path}
    return {**written, "params": params} if params else written


def _kept(value: Any, allowed: Allowed, place: str) -> dict[str, Any]:
    """Return the parameters that an object was made with, as far as it keeps them."""
    if type(value) in _ROLLING:
        return _rolling(value, place)
    kept = {}
    for name in [*allowed.params, *([allowed.many] if allowed.many else ())]:
        try:
            kept[name] = getattr(value, name)
        except AttributeError:
            raise NotDescribable(f"{place}.{name}", "is not kept by the object") from None
    if allowed.many:
        # A list, whatever it is kept in.
        many = kept[allowed.many]
        kept[allowed.many] = _in_order(many) if isinstance(many, set | frozenset) else list(many)
    if allowed.others and isinstance(getattr(value, "kwargs", None), dict):
        kept |= value.kwargs
    return {name: _rule(value, name, each) for name, each in kept.items()}


def _rolling(value: Any, place: str) -> dict[str, Any]:
    inner = value.obj
    path = allowing.paths().get(type(inner))
    if path is None:
        raise NotDescribable(f"{place}.cls", f"{type(inner).__name__} is no class that specifications have")
    own: dict[str, Any] = {"cls": type(inner)}
    length = "period" if type(value) is utils.TimeRolling else "window_size"
    own[length] = getattr(value, length)
    return {**own, **_kept(inner, allowing.classes()[path], place)}


def _rule(value: Any, name: str, kept: Any) -> Any:
    """Return a parameter as it was given, where River keeps another thing."""
    rule = _RULES.get(name)
    return kept if rule is None else rule(value, kept)


def _max_depth(_value: Any, kept: Any) -> Any:
    # Without a limit River takes the process's.
    return None if kept == sys.getrecursionlimit() - 20 else kept


def _confusion(_value: Any, kept: Any) -> Any:
    return None if type(kept) is metrics.ConfusionMatrix and not kept._init_classes else kept


def _classes(value: Any, kept: Any) -> Any:
    # Those that it has seen are among its classes.
    return (sorted(value._init_classes, key=str) or None) if type(value) is metrics.ConfusionMatrix else kept


def _limits(_value: Any, kept: Any) -> Any:
    return (dict(kept) or None) if type(kept) is collections.defaultdict else kept


def _window(_value: Any, kept: Any) -> Any:
    return (list(kept) or None) if type(kept) is collections.deque else kept


def _distance(_value: Any, kept: Any) -> Any:
    bare = kept.distance_function if type(kept) is FunctionWrapper else kept
    return None if any(bare is each for each in _DISTANCES_BY_DEFAULT) else bare


_RULES: Mapping[str, Callable[[Any, Any], Any]] = {
    "classes": _classes,
    "cm": _confusion,
    "dist_func": _distance,
    "limits": _limits,
    "max_depth": _max_depth,
    "window": _window,
}


def _list(value: Any, place: str, depth: int) -> Json:
    return [described(each, f"{place}[{number}]", depth) for number, each in enumerate(value)]


def _tuple(value: Any, place: str, depth: int) -> Json:
    return {"tuple": _list(value, f"{place}.tuple", depth)}


def _in_order(members: AbstractSet[Any]) -> list[Any]:
    """Return the members of a set in an order which, written again, is the same one.

    A set made of them in this order walks as this one, if such an order is found: models sum in the order of
    the walk. Else they are sorted.
    """
    by_value = sorted(members, key=lambda one: (type(one).__name__, repr(one)))
    if list(set(by_value)) == list(members) or not set_orders.has_plain_members(members):
        return by_value
    recipe = set_orders.find_recipe(members)
    return by_value if recipe is None or recipe.is_presized else recipe.members


def _set(value: Any, place: str, depth: int) -> Json:
    members = _list(_in_order(value), f"{place}.set", depth)
    if any(isinstance(each, dict | list) for each in members):
        raise NotDescribable(place, "a set of others than strings and numbers")
    return {"set": members}


def _dict(value: Any, place: str, depth: int) -> Json:
    at = f"{place}.dict"
    if all(type(key) is str for key in value):
        return {"dict": {key: described(each, f"{at}.{key}", depth) for key, each in value.items()}}
    if any(key is not None and type(key) not in (bool, int, float) for key in value if type(key) is not str):
        raise NotDescribable(at, "a key that is neither a string nor a number")
    return {"dict": [[key, described(each, f"{at}.{key}", depth)] for key, each in value.items()]}


def _partial(value: Any, place: str, _depth: int) -> Json:
    path = _FUNCTIONS.get(value.func) if isinstance(value.func, _CALLABLES) else None
    allowed = allowing.FUNCTION_PARAMS.get(path or "", frozenset())
    numbers = all(type(each) in (int, float) for each in value.keywords.values())
    if path is None or value.args or not value.keywords.keys() <= allowed or not numbers:
        raise NotDescribable(place, "functools.partial of what specifications do not have")
    return {"function": path, "params": dict(value.keywords)}


def _duration(value: dt.timedelta, _place: str, _depth: int) -> Json:
    return {"seconds": value.total_seconds()}


_WRITERS: Mapping[type[Any], Callable[[Any, str, int], Json]] = {
    **dict.fromkeys(_CHAINS, _chain),
    list: _list,
    tuple: _tuple,
    set: _set,
    frozenset: _set,
    dict: _dict,
    functools.partial: _partial,
    dt.timedelta: _duration,
}


def without(spec: Json, names: Iterable[str]) -> Json:
    """Return a part's specification without some parameters."""
    left_out = set(names)
    params = {name: each for name, each in spec.get("params", {}).items() if name not in left_out}
    rest = {name: each for name, each in spec.items() if name != "params"}
    return {**rest, "params": params} if params else rest
