"""Members of a `defaultdict` that are still as it made them: a look at a key leaves one, and says nothing."""

import copy
import functools
from collections import defaultdict
from typing import Any

_BUILTINS = frozenset({int, float, str, list, dict, set, bool})
# What their classes make is always the same: none of them draws.
_MAKERS = ("river.stats.", "river.proba.", "collections")
_INITIALIZERS = frozenset({"Zeros", "Constant"})


def kept_items(value: "defaultdict[Any, object]") -> list[tuple[Any, object]]:
    """Return the items that are not what the factory makes again whenever the key is missing.

    >>> kept_items(defaultdict(float, a=0.0, b=0.5))
    [('b', 0.5)]
    """
    factory = value.default_factory
    if factory in _BUILTINS:
        return [
            (key, each) for key, each in value.items() if type(each) is not factory or not _is_empty(each)
        ]
    if not value or not _makes_the_same(factory):
        return list(value.items())
    return _unlike(value, _digest(factory()))  # type: ignore[misc]  # it makes, so it is callable


def sort_key(key: object) -> str:
    """Return by what the keys of a `defaultdict` are sorted: the same for equal keys of two models."""
    kind = type(key)
    return f"{kind.__name__} {key!r}" if kind in _BUILTINS else _digest(key)


def _is_empty(value: object) -> bool:
    # The other zero is not what `float()` makes.
    return repr(value) == "0.0" if type(value) is float else not value


def _unlike(value: "defaultdict[Any, object]", made: str) -> list[tuple[Any, object]]:
    return [(key, each) for key, each in value.items() if _digest(each) != made]


def _digest(value: object) -> str:
    # They need each other: what is left out of a digest, and a digest to know it by.
    from models_app.domain.fingerprints import fingerprint

    return fingerprint(value)


def _makes_the_same(factory: object) -> bool:
    """Say whether a call of the factory changes nothing, and always makes the same."""
    while isinstance(factory, functools.partial):
        if factory.func is copy.deepcopy:
            return True
        factory = factory.func
    if isinstance(factory, type):
        return factory in _BUILTINS or f"{factory.__module__}.".startswith(_MAKERS)
    kind = type(factory)
    return kind.__module__ == "river.optim.initializers" and kind.__name__ in _INITIALIZERS
