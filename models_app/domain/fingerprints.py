"""A digest of an object's state that does not depend on how it came to be.

Two pickles of equal models differ: where strings are shared or equal, in what order a set is walked. Here
strings, bytes and numbers are written in full at every place and sets are written sorted.
"""

import hashlib
import io
import pickle
from typing import Any

import dill


class _CanonicalPickler(dill.Pickler):  # type: ignore[misc]  # dill has no types
    dispatch = dill.Pickler.dispatch.copy()

    def memoize(self, obj: object) -> None:
        if type(obj) not in (str, bytes, int, float):
            super().memoize(obj)

    def _save_set(self, obj: set[object] | frozenset[object]) -> None:
        # The members are written as the sorted list of their own fingerprints.
        self.save((type(obj).__name__, sorted(fingerprint(member) for member in obj)))

    dispatch[set] = _save_set
    dispatch[frozenset] = _save_set


def fingerprint(value: Any) -> str:
    """Return a hexadecimal SHA-256 of the state of `value`; slow, for checks.

    >>> fingerprint({"a": {1, 2}}) == fingerprint({"a": {2, 1}})
    True
    >>> fingerprint({"a": 0.1 + 0.2}) == fingerprint({"a": 0.3})
    False
    """
    buffer = io.BytesIO()
    _CanonicalPickler(buffer, protocol=pickle.DEFAULT_PROTOCOL, recurse=True).dump(value)
    return hashlib.sha256(buffer.getvalue()).hexdigest()
