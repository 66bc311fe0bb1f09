"""A digest of an object's state that does not depend on how it came to be.

Two pickles of equal models differ: where strings are shared or equal, in what order a set is walked, which
members of a `defaultdict` were looked at before they were ever set (a scaler that predicts leaves zeros).
Here strings, bytes and numbers are written in full at every place, sets are written sorted, and so are
`defaultdict`s, without the members that are as they were made.
"""

import hashlib
import io
import pickle
import random
from collections import defaultdict
from operator import itemgetter
from typing import Any

import dill
import numpy as np

_GENERATORS = (random.Random, np.random.RandomState, np.random.Generator)
_HAS_NO_SEED = object()


_NUMBERS = (int, float)


class _CanonicalPickler(dill.Pickler):  # type: ignore[misc]  # dill has no types
    dispatch = dill.Pickler.dispatch.copy()

    def __init__(self, buffer: io.BytesIO, *, unseeded: bool) -> None:
        super().__init__(buffer, protocol=pickle.DEFAULT_PROTOCOL, recurse=True)
        self._unseeded = unseeded
        self._left_out: set[int] = set()

    def save(self, obj: object, save_persistent_id: bool = True) -> None:
        if not self._unseeded:
            self._left_out |= _unseeded_generators(obj)
            if id(obj) in self._left_out:
                obj = type(obj).__name__
        super().save(obj, save_persistent_id)

    def memoize(self, obj: object) -> None:
        if type(obj) not in (str, bytes, int, float):
            super().memoize(obj)

    def _save_set(self, obj: set[object] | frozenset[object]) -> None:
        # The members are written as the sorted list of their own fingerprints.
        members = sorted(fingerprint(member, unseeded=self._unseeded) for member in obj)
        self.save((type(obj).__name__, members))

    def _save_defaultdict(self, obj: defaultdict[object, object]) -> None:
        # Known from here on, in case a member leads back to it.
        self.memoize(obj)
        members = [
            (fingerprint(key, unseeded=self._unseeded), value)
            for key, value in obj.items()
            if not _is_as_made(obj, value)
        ]
        self.save(("defaultdict", obj.default_factory, sorted(members, key=itemgetter(0))))

    dispatch[set] = _save_set
    dispatch[frozenset] = _save_set
    dispatch[defaultdict] = _save_defaultdict


def _is_as_made(parent: defaultdict[object, object], value: object, depth: int = 0) -> bool:
    """Say whether a number, or a `defaultdict` of such, is what its parent makes of a key that it lacks."""
    if isinstance(value, defaultdict):
        # As deep as they are nested in practice; one may contain itself.
        return depth < 3 and all(_is_as_made(value, member, depth + 1) for member in value.values())
    kind = type(value)
    return kind in _NUMBERS and kind is parent.default_factory and value == 0


def fingerprint(value: Any, *, unseeded: bool = True) -> str:
    """Return a hexadecimal SHA-256 of the state of `value`; slow, for checks.

    Without `unseeded`, the random generators are left out that an object has made although its own `seed` is
    None: they begin with the operating system's noise, so that no two runs have the same.

    >>> fingerprint({"a": {1, 2}}) == fingerprint({"a": {2, 1}})
    True
    >>> fingerprint({"a": 0.1 + 0.2}) == fingerprint({"a": 0.3})
    False
    >>> fingerprint(defaultdict(float)) == fingerprint(defaultdict(float, a=0.0))
    True
    """
    buffer = io.BytesIO()
    _CanonicalPickler(buffer, unseeded=unseeded).dump(value)
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def _unseeded_generators(owner: object) -> set[int]:
    """Return the ids of the random generators of an object that was given no seed."""
    state = getattr(owner, "__dict__", None)
    if not isinstance(state, dict) or state.get("seed", _HAS_NO_SEED) is not None:
        return set()
    return {id(made) for made in state.values() if isinstance(made, _GENERATORS)}
