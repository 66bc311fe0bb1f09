"""What a specification may name: River's classes and their parameters, types, and functions.

The classes are those of `allowed.json`, which `tools/spec_classes.py` writes from the installed River.
"""

import functools
import importlib
import json
import math
import numbers
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from river import utils

# Of a parameter: how a default is written that JSON has not.
_NO_DEFAULT = object()
# Nobody has typed more, and to compare takes long.
_LONGEST = 100
# One letter of so few makes half of a name.
_SHORT = 4

TYPES: Mapping[str, type[Any]] = {
    "bool": bool,
    "float": float,
    "int": int,
    "numbers.Number": numbers.Number,
    "str": str,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "math.exp": math.exp,
    "math.expm1": math.expm1,
    "math.log": math.log,
    "math.log10": math.log10,
    "math.log1p": math.log1p,
    "math.log2": math.log2,
    "math.sqrt": math.sqrt,
    "max": max,
    "min": min,
    "statistics.mean": statistics.mean,
    "statistics.median": statistics.median,
    "str.lower": str.lower,
    "str.split": str.split,
    "str.upper": str.upper,
    "sum": sum,
    "utils.math.minkowski_distance": utils.math.minkowski_distance,
    "utils.math.sigmoid": utils.math.sigmoid,
}
#: By function: the parameters that can be given along.
FUNCTION_PARAMS: Mapping[str, frozenset[str]] = {"utils.math.minkowski_distance": frozenset({"p"})}


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a class. `kind` is `number`, `flag`, or empty: more than one thing."""

    default: Any
    kind: str

    @property
    def is_required(self) -> bool:
        """Say whether it has no default."""
        return self.default is _NO_DEFAULT


@dataclass(frozen=True, slots=True)
class Allowed:
    """A class that may be named, with its parameters.

    `many` is the parameter that takes any number of values. `others`: it also takes the parameters of that
    class, or of the class that the parameter `cls` is, if it is `cls`.
    """

    path: str
    params: Mapping[str, Param]
    many: str | None
    others: str | None

    def load(self) -> type[Any]:
        """Import the class."""
        module, _, name = self.path.rpartition(".")
        kind: type[Any] = getattr(importlib.import_module(f"river.{module}"), name)
        return kind


@functools.cache
def classes() -> Mapping[str, Allowed]:
    """Return the classes that may be named, by their names."""
    listed = json.loads((Path(__file__).with_name("allowed.json")).read_text())["classes"]
    return {path: _allowed(path, of) for path, of in listed.items()}


def _allowed(path: str, of: Mapping[str, Any]) -> Allowed:
    params = {
        name: Param(each.get("default", _NO_DEFAULT), each.get("kind", ""))
        for name, each in of["params"].items()
    }
    return Allowed(path, params, of.get("many"), of.get("others"))


@functools.cache
def paths() -> Mapping[type[Any], str]:
    """Return the names of the classes that there are in this River: it may be another than the list's."""
    found: dict[type[Any], str] = {}
    for path, allowed in classes().items():
        try:
            found[allowed.load()] = path
        except (ImportError, AttributeError):
            continue
    return found


def near(name: str, names: Iterable[str]) -> str:
    """Return a question that follows a name that is in no list, or nothing.

    >>> near("l3", ["l1", "optimizer"])
    '; did you mean l1?'
    >>> near("StandardScaler", classes())
    '; did you mean preprocessing.StandardScaler?'
    """
    if len(name) > _LONGEST:
        return ""
    listed = list(names)
    last = name.rpartition(".")[2].casefold()
    found = [each for each in listed if each.rpartition(".")[2].casefold() == last]
    cutoff = 0.5 if len(name) <= _SHORT else 0.6
    found = found or get_close_matches(name.removeprefix("river."), listed, n=2, cutoff=cutoff)
    return f"; did you mean {' or '.join(found[:3])}?" if found else ""
