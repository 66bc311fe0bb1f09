"""Features: JSON text on the wire and in storage, Python values for the model.

The text is kept as it came, so that a replay decodes the very same numbers; every decoding is a fresh copy,
which a model may write to.
"""

import json
import math

import msgspec

from models_app.domain import nesting, texts
from models_app.domain.errors import InvalidRequest

#: What a model gets: an object of named values, or one text.
Features = dict[str, object] | str
#: When features were observed, as it came: a moment in ISO 8601, or a number in the model's own unit of time.
Moment = str | int | float
#: JSON text.
Text = bytes | str | msgspec.Raw

_decoder: msgspec.json.Decoder[Features] = msgspec.json.Decoder(dict[str, object] | str)
_decode = _decoder.decode
# Features are no array: an array is features with their moment.
_timed_decoder: msgspec.json.Decoder[tuple[Features, Moment]] = msgspec.json.Decoder(
    tuple[dict[str, object] | str, str | int | float]
)
_parts_decoder: msgspec.json.Decoder[tuple[msgspec.Raw, msgspec.Raw]] = msgspec.json.Decoder(
    tuple[msgspec.Raw, msgspec.Raw]
)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_WRONG_TYPE = "must be an object or a string"
# To decode a longer text once more, only to say more exactly what is wrong, would take too long.
MAX_EXPLAINED_BYTES = 1 << 16
_MAX_PATH = 150
_MAX_DEPTH, _MAX_VALUES = nesting.MAX_DEPTH, nesting.MAX_VALUES


def read(text: bytes) -> Features:
    """Return the features that a client has sent, within the limits of `nesting`; else as `decode`.

    What is stored already was taken under the limits of its time, and is decoded without them.

    Raises `InvalidRequest`.
    """
    if len(text) > _MAX_VALUES and nesting.has_too_many_values(text):
        raise InvalidRequest({"features": [f"must not have more than {_MAX_VALUES:,} values"]})
    try:
        x = _decode(text)
    except _UNREADABLE as error:
        raise _refusal(text, error) from None
    # A level has a bracket; most features have one or two.
    if text.count(b"{") + text.count(b"[") > _MAX_DEPTH and (fault := nesting.fault_of(text, x)):
        raise InvalidRequest({"features": [fault]})
    return x


def decode(text: Text) -> Features:
    """Return a fresh copy of the features, without the moment that may have been kept with them.

    Raises `InvalidRequest` where they are neither an object nor a string, or hold a number that is not
    finite.

    >>> decode('{"temperature": 21.5}')
    {'temperature': 21.5}
    """
    try:
        return _decode(text)
    except _UNREADABLE as error:
        if _has_moment(text):
            return decode_with_moment(text)[0]
        raise _refusal(text, error) from None


def with_moment(text: bytes, moment: bytes) -> bytes:
    """Return features and their moment as they are kept together; all are JSON texts.

    >>> with_moment(b'{"a": 1}', b'"2026-03-01"')
    b'[{"a": 1},"2026-03-01"]'
    """
    return b"[%b,%b]" % (text, moment)


def decode_with_moment(text: Text) -> tuple[Features, Moment | None]:
    """Return a fresh copy of the features, and the moment that was kept with them; raises as `decode`.

    >>> decode_with_moment('[{"a": 1},"2026-03-01"]'), decode_with_moment('{"a": 1}')
    (({'a': 1}, '2026-03-01'), ({'a': 1}, None))
    """
    if not _has_moment(text):
        return decode(text), None
    try:
        return _timed_decoder.decode(text)
    except _UNREADABLE as error:
        raise _refusal(text, error) from None


def without_moment(text: bytes) -> bytes:
    """Return the JSON text of features alone.

    >>> without_moment(b'[{"a": 1},"2026-03-01"]'), without_moment(b'{"a": 1}')
    (b'{"a": 1}', b'{"a": 1}')
    """
    return bytes(_parts_decoder.decode(text)[0]) if _has_moment(text) else text


def as_asked(text: bytes) -> bytes:
    """Return JSON text as a request has it: an object where there is a moment beside the features.

    >>> as_asked(b'[{"a": 1},"2026-03-01"]')
    b'{"features":{"a": 1},"t":"2026-03-01"}'
    """
    if not _has_moment(text):
        return text
    return b'{"features":%b,"t":%b}' % tuple(map(bytes, _parts_decoder.decode(text)))


def _has_moment(text: Text) -> bool:
    if isinstance(text, msgspec.Raw):
        text = bytes(text)
    return text[:1] in (b"[", "[")


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


def first_fault(value: object) -> tuple[str, str] | None:
    r"""Return the path and the reason of the first part of a JSON value that no model can be given.

    That is a number that is not finite, or a text with half a character. The path is empty for the value
    itself. None: there is no such part.

    >>> first_fault({"a": [1.0, float("inf")]}), first_fault({"a": 1})
    (('a[1]', 'must be a finite number'), None)
    >>> first_fault({"a": {"\ud800": 1}})
    ('a.\ud800', 'must not have half a character in its name')
    """
    # Not by recursion: it may be nested as deeply as the decoder could follow.
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return _short(path), "must be a finite number"
        if isinstance(value, str) and not texts.is_well_formed(value):
            return _short(path), "must not have half a character"
        if isinstance(value, dict):
            for key in value:
                if not texts.is_well_formed(key):
                    return _short(_below(path, key)), "must not have half a character in its name"
            waiting += reversed([(_below(path, key), member) for key, member in value.items()])
        elif isinstance(value, list):
            waiting += reversed([(f"{path}[{index}]", member) for index, member in enumerate(value)])
    return None


def _below(path: str, name: str) -> str:
    return f"{path}.{name[:_MAX_PATH]}" if path else name[:_MAX_PATH]


def _short(path: str) -> str:
    # The reason comes behind it, and has to be seen.
    return path if len(path) <= _MAX_PATH else f"{path[:_MAX_PATH]}…"


def _refusal(text: Text, error: Exception) -> InvalidRequest:
    reason = "nested too deeply" if isinstance(error, RecursionError) else _reason(text, error)
    return InvalidRequest({"features": [reason]})


def _reason(text: Text, error: Exception) -> str:
    text = bytes(text) if isinstance(text, msgspec.Raw) else text
    if len(text) > MAX_EXPLAINED_BYTES:
        return str(error)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return f"not valid JSON: {error}"
    if not isinstance(value, dict | str):
        return _WRONG_TYPE
    found = first_fault(value)
    if found is None:
        return str(error)
    path, reason = found
    return f"{path}: {reason}" if path else reason
