"""What is shown of features where somebody looks on: their values, digests of these, or names alone."""

import functools
import hmac
from collections.abc import Callable
from typing import Any

import msgspec

#: Features as they came; a keyed digest in the place of each value; nothing in its place.
ALL, HASHED, NONE = "all", "hashed", "none"
WAYS = (ALL, HASHED, NONE)
#: What a digest begins with, so that it is taken for one.
MARK = "#"
# 48 bits: of some million values hardly two look alike.
_DIGEST_BYTES = 6


def shown_text(text: bytes, way: str, key: bytes) -> bytes:
    """Return the JSON text of features, or of all that a model was asked with, as it is shown.

    Names stay, on every level, and so does the number of values.

    >>> shown_text(b'{"area": 71.5, "tags": ["new"]}', NONE, b"")
    b'{"area":null,"tags":[null]}'
    >>> shown_text(b'"a whole text"', NONE, b""), shown_text(b'{"area": 71.5}', ALL, b"")
    (b'""', b'{"area": 71.5}')
    """
    if way == ALL:
        return text
    value = shown(msgspec.json.decode(text), way, key)
    # Features are an object or a text.
    return msgspec.json.encode("" if value is None else value)


def shown(value: Any, way: str, key: bytes) -> Any:
    """Return what is made of features, such as the prediction of a transformer, as it is shown.

    >>> found = shown({"a": 3, "b": [3.0, "3"]}, HASHED, b"the instance's")
    >>> found["a"] == found["b"][0], found["a"] == found["b"][1], found["a"][0], len(found["a"])
    (True, False, '#', 13)
    """
    if way == ALL:
        return value
    return _mapped(value, lambda leaf: digest(leaf, key) if way == HASHED else None)


def digest(value: object, key: bytes) -> str:
    """Return what stands for a value: the same for equal ones, and for nobody without the key to try out.

    Numbers are equal by what they are worth, whether or not they are written with a point.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    made = _begun(key).copy()
    made.update(msgspec.json.encode(value))
    return MARK + made.digest()[:_DIGEST_BYTES].hex()


@functools.lru_cache(maxsize=1)
def _begun(key: bytes) -> hmac.HMAC:
    # To begin with the key takes longer than the rest, and a stream has many values.
    return hmac.new(key, digestmod="sha256")


def _mapped(value: Any, of_leaf: Callable[[object], object]) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(member, of_leaf) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(member, of_leaf) for member in value]
    return of_leaf(value)
