"""Builds the model that a specification describes. It may take memory and time: see `services.trials`."""

import datetime as dt
import functools
import warnings
from typing import Any

from river import compose

from models_app.domain.errors import InvalidSpec
from models_app.domain.failing import described
from models_app.domain.specs import allowing, reading
from models_app.domain.specs.allowing import FUNCTIONS, TYPES
from models_app.domain.specs.decoding import WHOLE
from models_app.domain.specs.forms import (
    Chain,
    Collection,
    Duration,
    Function,
    Kind,
    Mapped,
    Part,
    Step,
    Value,
)

_CHAINS: dict[str, Any] = {
    "pipeline": compose.Pipeline,
    "union": compose.TransformerUnion,
    "product": compose.TransformerProduct,
}
_COLLECTIONS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set}


def load(text: bytes) -> Any:
    """Return the model that a specification describes; raises `InvalidSpec`."""
    return build(reading.read(text))


def build(value: Value) -> Any:
    """Return the object that a value describes; raises `InvalidSpec` where River refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _built(value)


def _built(value: Value) -> Any:
    if isinstance(value, Part):
        return _made(value.place, _part, value)
    if isinstance(value, Chain):
        return _made(value.place, _chain, value)
    if isinstance(value, Collection):
        return _COLLECTIONS[value.kind](map(_built, value.members))
    if isinstance(value, Mapped):
        return {key: _built(member) for key, member in value.items}
    return _named(value)


def _named(value: Value) -> Any:
    if isinstance(value, Function):
        function = FUNCTIONS[value.path]
        return functools.partial(function, **value.params) if value.params else function
    if isinstance(value, Kind):
        return TYPES[value.path] if value.path in TYPES else allowing.classes()[value.path].load()
    if isinstance(value, Duration):
        return dt.timedelta(seconds=value.seconds)
    return value


def _part(part: Part) -> Any:
    allowed = allowing.classes()[part.path]
    params = {name: _built(value) for name, value in part.params.items()}
    several = params.pop(allowed.many, ()) if allowed.many else ()
    for name, param in allowed.params.items():
        is_tuple = isinstance(param.default, dict) and "tuple" in param.default
        if is_tuple and isinstance(params.get(name), list):
            # JSON has no other way to say it.
            params[name] = tuple(params[name])
    if part.path == "preprocessing.StatImputer":
        several = map(tuple, several)
    return allowed.load()(*several, **params)


def _chain(chain: Chain) -> Any:
    return _CHAINS[chain.kind](*map(_step, chain.steps))


def _step(step: Step) -> Any:
    built = _built(step.value)
    return built if step.name is None else (step.name, built)


def _made(place: str, make: Any, value: Part | Chain) -> Any:
    try:
        return make(value)
    except InvalidSpec:
        raise
    except MemoryError as error:
        raise InvalidSpec({place or WHOLE: ["needs more memory than a trial may take"]}) from error
    except BaseException as error:  # panics of Rust are no exceptions
        raise InvalidSpec({place or WHOLE: [f"River refuses it: {described(error)}"]}) from error
