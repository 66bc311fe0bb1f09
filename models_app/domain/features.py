"""Features: JSON text on the wire and in storage, Python values for the model.

The text is kept as it came, so that a replay decodes the very same numbers; every decoding is a fresh copy,
which a model may write to.
"""

import json
import math
from collections.abc import Iterator

import msgspec

from models_app.domain.errors import InvalidRequest

#: What a model gets: an object of named values, or one text.
Features = dict[str, object] | str

_decoder: msgspec.json.Decoder[Features] = msgspec.json.Decoder(dict[str, object] | str)
_WRONG_TYPE = "must be an object or a string"


def decode(text: bytes | str | msgspec.Raw) -> Features:
    """Return a fresh copy of the features.

    Raises `InvalidRequest` where they are neither an object nor a string, or hold a number that is not
    finite.

    >>> decode('{"temperature": 21.5}')
    {'temperature': 21.5}
    """
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise InvalidRequest({"features": ["nested too deeply"]}) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidRequest({"features": [_reason(text, error)]}) from None


def copied(x: Features, text: bytes) -> Features:
    """Return a fresh copy of the features `x` that were decoded from `text`, and not changed since.

    >>> x = decode('{"a": 1.0}')
    >>> copied(x, b'{"a": 1.0}') == x, copied(x, b'{"a": 1.0}') is x
    (True, False)
    """
    if type(x) is dict and text.count(b"{") == 1 and b"[" not in text:
        # Nothing in it can be written to, and a copy is quicker than another decoding.
        return x.copy()
    return decode(text)


def non_finite_members(value: object, path: str = "") -> Iterator[str]:
    """Yield the paths of the numbers below `value` that are NaN or infinite.

    >>> list(non_finite_members({"a": [1.0, float("inf")]}))
    ['a[1]']
    """
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from non_finite_members(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from non_finite_members(member, f"{path}[{index}]")


def _reason(text: bytes | str | msgspec.Raw, error: Exception) -> str:
    try:
        value = json.loads(bytes(text) if isinstance(text, msgspec.Raw) else text)
    except (ValueError, RecursionError):
        return f"not valid JSON: {error}"
    if not isinstance(value, dict | str):
        return _WRONG_TYPE
    culprits = list(non_finite_members(value))
    return f"{culprits[0]}: must be a finite number" if culprits else str(error)
