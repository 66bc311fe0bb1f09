"""Models as bytes. The only place that pickles, unpickles, signs and compresses.

`pickle` is some fifteen times faster than `dill` on a forest of 10 MB and its bytes load with either; `dill`
takes what `pickle` refuses: functions and classes of `__main__`, lambdas. Both nest a few calls for each link
of a chain of objects; what is too deep for that is written piece by piece (`piecewise`).
"""

import functools
import hashlib
import hmac
import io
import pickle
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import dill
import zstandard

from models_app.domain import dill_globals
from models_app.domain.errors import ModelNotLoadable
from models_app.domain.picklers import Finder, dill_at_once, dill_piecewise, pickle_at_once, pickle_piecewise
from models_app.domain.set_orders import Settlement, substitutes

ZSTD_LEVEL = 1
_DILL_MARK = b"dill._dill"


dill_globals.install()


def dumps(value: object, *, settlement: Settlement | None = None) -> bytes:
    """Return `value` as bytes that both `pickle.loads` and `dill.loads` take, however deep it is.

    Sets of strings, numbers and tuples of them are written so that they are walked after loading as they are
    now. Those in `value` go into the `settlement`, to be made as they will be loaded: so they stay alike when
    they grow, too, and one whose order cannot be kept (members were removed from it, mostly) gets another
    order here as well. Raises what the members of `value` raise that cannot be pickled.
    """
    find = partial(substitutes, settlement=settlement)
    try:
        return _to_any_depth(pickle_at_once, pickle_piecewise, value, find)
    except Exception:
        return _to_any_depth(dill_at_once, dill_piecewise, value, find)


def _to_any_depth(
    at_once: Callable[[Any, Finder], bytes],
    piecewise: Callable[[Any, Finder], bytes],
    value: object,
    find: Finder,
) -> bytes:
    try:
        return at_once(value, find)
    except RecursionError:
        return piecewise(value, find)


def loads(data: bytes) -> Any:
    """Return the object that `data` was made from. It runs code: `data` must be trusted."""
    return dill.loads(data) if needs_dill(data) else pickle.loads(data)


def loads_with_names(data: bytes) -> tuple[Any, frozenset[tuple[str, str]] | None]:
    """Like `loads`; return beside the object the modules and names of all that the pickle names.

    None in their place: it brings code along.
    """
    if needs_dill(data):
        return loads(data), None
    unpickler = _NamingUnpickler(io.BytesIO(data))
    return unpickler.load(), frozenset(unpickler.names)


class _NamingUnpickler(pickle.Unpickler):
    """An unpickler that keeps what it was asked to find."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.names: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.names.add((module, name))
        return super().find_class(module, name)


def needs_dill(data: bytes) -> bool:
    """Say whether `dill` wrote the bytes, and only it can read them."""
    return _DILL_MARK in data


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that a pickle depends on."""

    river: str
    python: str
    numpy: str

    @classmethod
    def current(cls) -> "Versions":
        """Return those of this process."""
        return cls(river=_version("river"), python=platform.python_version(), numpy=_version("numpy"))

    def mismatch(self, stored: "Versions") -> str | None:
        """Say, in words, what keeps bytes `stored` under other versions from loading under these.

        River and Python change what they pickle from one minor release to the next, numpy from one major
        release to the next; fixes do not.

        >>> here = Versions(river="0.26.1", python="3.11.7", numpy="2.4.6")
        >>> here.mismatch(Versions(river="0.26.0", python="3.11.2", numpy="2.1.0"))
        >>> here.mismatch(Versions(river="0.21.0", python="3.11.2", numpy="2.1.0"))
        'River 0.21.0 (here 0.26.1)'
        """
        depths = {"river": 2, "python": 2, "numpy": 1}
        titles = {"river": "River", "python": "Python", "numpy": "numpy"}
        differences = [
            f"{titles[name]} {getattr(stored, name)} (here {getattr(self, name)})"
            for name, depth in depths.items()
            if getattr(stored, name).split(".")[:depth] != getattr(self, name).split(".")[:depth]
        ]
        return ", ".join(differences) or None


def compress(data: bytes) -> bytes:
    """Return `data` as zstd: 16 ms for a forest of 10 MB, which becomes a fifth."""
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(data)


def decompress(data: bytes) -> bytes:
    """Undo `compress`."""
    return zstandard.ZstdDecompressor().decompress(data)


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


class Signer:
    """Signs what goes into the database and checks what comes back, before it is unpickled.

    Who can write to the database but does not know the secret key cannot make the server run code. `keys`
    are the secret keys, the one to sign with first. The `context` (which model, which seq) is signed along,
    so that the bytes of one snapshot cannot stand in for another's.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [hashlib.sha256(b"chantilly.blobs:" + key.encode()).digest() for key in keys]

    def sign(self, context: str, *parts: bytes) -> str:
        """Return the hexadecimal HMAC-SHA256 of `parts` in their `context`."""
        return self._signature(self._keys[0], context, parts)

    def check(self, context: str, signature: object, *parts: bytes) -> None:
        """Raise `ModelNotLoadable` unless `signature` was made of the same with one of the keys.

        It comes from the database, which may hold anything: no signature at all is a wrong one.
        """
        if isinstance(signature, str) and signature.isascii():
            for key in self._keys:
                if hmac.compare_digest(self._signature(key, context, parts), signature):
                    return
        raise ModelNotLoadable(
            f"The stored bytes of {context} do not carry this instance's signature: "
            "the secret key was changed, or the database was tampered with."
        )

    @staticmethod
    def _signature(key: bytes, context: str, parts: Sequence[bytes]) -> str:
        mac = hmac.new(key, digestmod=hashlib.sha256)
        for part in (context.encode(), *parts):
            # With its length, no byte can move from one part to the next.
            mac.update(len(part).to_bytes(8))
            mac.update(part)
        return mac.hexdigest()


@functools.cache
def _version(package: str) -> str:
    # From a file, for each model that is loaded.
    return version(package)
