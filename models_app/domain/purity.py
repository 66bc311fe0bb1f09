"""The purity of a model's calls, as far as its parts show it."""

from collections.abc import Collection
from enum import Enum
from typing import Any

from models_app.domain import blobs
from models_app.domain.fingerprints import fingerprint
from models_app.domain.impure import DRAWING, UNTIL_LEARNED

#: What a pickle names: a module, and a class or function of it.
Global = tuple[str, str]

# Of the standard library, only what models are made of: `time.time` in a pipeline is nobody's known part.
_PLAIN_MODULES = frozenset(
    {"builtins", "collections", "copyreg", "datetime", "decimal", "fractions", "functools", "math"}
    | {"operator", "random", "re", "statistics"}
)


class Nature(Enum):
    """The purity of a model's calls: predictions leave it as it is, or change it, or nobody knows."""

    KNOWN = "known"
    UNTIL_LEARNED = "changing until learned"
    CHANGING = "changing"
    UNKNOWN = "unknown"


def nature_of(names: Collection[Global] | None, *, apart_from: frozenset[Global] = frozenset()) -> Nature:
    """Return the nature of a model by what its pickle names; None: by code of somebody else.

    `apart_from` are classes that nothing of what changes is called of.

    >>> nature_of([("river.linear_model.lin_reg", "LinearRegression"), ("collections", "Counter")])
    <Nature.KNOWN: 'known'>
    >>> nature_of([("river.compose.pipeline", "Pipeline"), ("shop.features", "Basket")])
    <Nature.UNKNOWN: 'unknown'>
    """
    if names is None or not all(_is_known(module) for module, _ in names):
        return Nature.UNKNOWN
    if not (DRAWING - apart_from).isdisjoint(names):
        return Nature.CHANGING
    return Nature.KNOWN if UNTIL_LEARNED.isdisjoint(names) else Nature.UNTIL_LEARNED


def _is_known(module: str) -> bool:
    top = module.partition(".")[0]
    # River's adapters to other libraries come with these libraries' own classes.
    return top in {"river", "numpy"} or module in _PLAIN_MODULES


def are_alike(model: Any, other: bytes) -> bool:
    """Say whether a model is in the state of the one that was pickled as `other`."""
    data = blobs.dumps(model)
    # Both from bytes: a live object may hold what its pickle leaves out.
    return data == other or fingerprint(blobs.loads(data)) == fingerprint(blobs.loads(other))
