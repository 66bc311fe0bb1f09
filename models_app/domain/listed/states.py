"""What the objects of a listed pickle may be filled with: attributes by a rule, other states by type."""

import functools
import math
from collections.abc import Callable
from random import Random
from statistics import NormalDist
from types import MemberDescriptorType
from typing import Any

import numpy as np

from models_app.domain.listed.calls import may_be_partial
from models_app.domain.listed.names import NotAllowed, listed

_MT_WORDS = 624
_MOST_ONES = 1_000_000
_ABSENT = object()


def fill(made: Any, state: Any) -> None:
    """Give an object its state, as a pickle's BUILD does. Raises `NotAllowed`, and what the object raises."""
    kind = type(made)
    title = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(made, np.dtype):
        # It was made whole: what else its state could say would let it reach beyond its memory.
        if state != made.__reduce__()[2]:
            raise NotAllowed("a type of arrays that is not plain")
        return
    if kind in _BY_TYPE:
        if not _BY_TYPE[kind](made, state):
            raise NotAllowed(f"such a state of a '{title}'")
        made.__setstate__(state)
        return
    if (kind.__module__, kind.__qualname__) not in listed().classes:
        raise NotAllowed(f"to fill a '{title}'")
    if type(state) is bytes and hasattr(kind, "__setstate__"):
        # River's parts in Rust.
        made.__setstate__(state)
        return
    _fill_attributes(made, state, title)


def _fill_attributes(made: Any, state: Any, title: str) -> None:
    plain, slotted = state if type(state) is tuple and len(state) == 2 else (state, None)
    for part, in_slots in ((plain, False), (slotted, True)):
        if type(part) not in (dict, type(None)):
            raise NotAllowed(f"such a state of a '{title}'")
        for name in part or ():
            _check_attribute(type(made), name, in_slots=in_slots)
    if hasattr(type(made), "__setstate__"):
        made.__setstate__(state)
        return
    if plain:
        made.__dict__.update(plain)
    for name, value in (slotted or {}).items():
        setattr(made, name, value)


def _check_attribute(kind: type, name: object, *, in_slots: bool) -> None:
    """Let no attribute hide a method, or mean something to Python."""
    if type(name) is not str or (name.startswith("__") and name.endswith("__")):
        raise NotAllowed(f"an attribute {_shown(name)} of a '{kind.__module__}.{kind.__qualname__}'")
    known = next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), _ABSENT)
    if isinstance(known, MemberDescriptorType) if in_slots else known is _ABSENT:
        return
    raise NotAllowed(f"'{name}' to be other than what '{kind.__module__}.{kind.__qualname__}' has")


def _shown(name: object) -> str:
    # An integer may be too long to be written.
    return f"'{name}'" if type(name) is str else f"that is a '{type(name).__name__}'"


def _partial(made: Any, state: Any) -> bool:
    if type(state) is not tuple or len(state) != 4:
        return False
    function, arguments, keywords, attributes = state
    kinds = type(arguments) is tuple and type(keywords) is dict and attributes in (None, {})
    # One that makes arrays must not be given a size that no model has.
    return bool(
        kinds
        and function is made.func
        and may_be_partial(function)
        and (function is not np.ones or _size(arguments) <= _MOST_ONES)
    )


def _size(shape: Any) -> int:
    """Return how many numbers an array of this shape has; of what is none, too many."""
    if type(shape) is tuple:
        return math.prod(map(_size, shape))
    return abs(shape) if type(shape) is int else _MOST_ONES + 1


def _array(_made: Any, state: Any) -> bool:
    if type(state) is not tuple or len(state) != 5:
        return False
    version, shape, kind, is_fortran, data = state
    if version != 1 or type(is_fortran) is not bool or not isinstance(kind, np.dtype):
        return False
    if type(shape) is not tuple or not all(type(size) is int and size >= 0 for size in shape):
        return False
    if kind.kind == "O":
        return type(data) is list and len(data) == math.prod(shape)
    return type(data) is bytes and len(data) == kind.itemsize * math.prod(shape)


def _twister(state: Any) -> bool:
    """Say whether it is a state of the Mersenne Twister, which reads at the place that it says."""
    if (
        type(state) is not dict
        or state.get("bit_generator") != "MT19937"
        or type(state.get("state")) is not dict
    ):
        return False
    key, place = state["state"].get("key"), state["state"].get("pos")
    words = type(key) is np.ndarray and key.dtype == np.uint32 and key.shape == (_MT_WORDS,)
    return bool(words) and type(place) is int and 0 <= place <= _MT_WORDS


def _bit_generator(_made: Any, state: Any) -> bool:
    whole = type(state) is tuple and len(state) == 2
    return whole and _twister(state[0]) and type(state[1]) in (np.random.SeedSequence, type(None))


def _random_state(_made: Any, state: Any) -> bool:
    if not _twister(state) or state.keys() - {"bit_generator", "state", "has_gauss", "gauss"}:
        return False
    return type(state.get("has_gauss")) is int and type(state.get("gauss")) is float


def _seed_sequence(_made: Any, state: Any) -> bool:
    if type(state) is not tuple or len(state) != 5:
        return False
    entropy, n_children, pool, size, key = state
    words = type(pool) is np.ndarray and pool.dtype == np.uint32 and pool.shape == (size,)
    return (
        type(entropy) in (int, type(None))
        and type(n_children) is int
        and bool(words)
        and type(key) is tuple
        and all(type(word) is int for word in key)
    )


def _numbers(_made: Any, state: Any) -> bool:
    return type(state) is tuple and len(state) == 2 and all(type(number) in (int, float) for number in state)


def _generator(_made: Any, state: Any) -> bool:
    if type(state) is not tuple or len(state) != 3 or state[0] != 3 or type(state[1]) is not tuple:
        return False
    return all(type(word) is int for word in state[1]) and type(state[2]) in (float, type(None))


_BY_TYPE: dict[type, Callable[[Any, Any], bool]] = {
    functools.partial: _partial,
    type(iter([])): lambda _made, state: type(state) is int,
    type(iter(())): lambda _made, state: type(state) is int,
    np.ndarray: _array,
    np.random.MT19937: _bit_generator,
    np.random.RandomState: _random_state,
    np.random.SeedSequence: _seed_sequence,
    NormalDist: _numbers,
    Random: _generator,
}
