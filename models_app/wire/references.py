"""References: what a client puts into a record to know its answer by."""

import json

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain import features, nesting
from models_app.domain.errors import InvalidRequest
from models_app.wire import fields
from models_app.wire.bodies import UNREADABLE


class _Referring(msgspec.Struct, gc=False):
    """A record of which nothing else is asked."""

    ref: fields.Reference | UnsetType = UNSET


_decoder = msgspec.json.Decoder(_Referring)


def checked(ref: Raw) -> Raw:
    """Return a record's reference if it can stand in an answer; raises `InvalidRequest`."""
    # Raw JSON is not decoded: its strings may hold anything, and would make the answer unreadable.
    text = bytes(ref)
    if text.isdigit() or (text[:1] == b'"' and text.isascii()):
        # As most are.
        return ref
    try:
        fault = nesting.fault_of(text, msgspec.json.decode(text))
    except UnicodeDecodeError:
        fault = "must be valid UTF-8"
    except UNREADABLE as error:
        fault = str(error)
    if fault is not None:
        raise InvalidRequest({"ref": [fault]})
    return ref


def found(text: bytes) -> Raw | UnsetType:
    """Return the reference of a record that is refused, where there is one: the client looks for it.

    >>> bytes(found(b'{"features": 5, "ref": "a"}')), found(b"[5]")
    (b'"a"', UNSET)
    """
    try:
        ref = _decoder.decode(text).ref
        return UNSET if ref is UNSET else checked(ref)
    except (*UNREADABLE, InvalidRequest):
        return _found_in_odd(text)


def _found_in_odd(text: bytes) -> Raw | UnsetType:
    """Look again, less strictly: what stands beside the reference may be NaN, or no character."""
    if len(text) > features.MAX_EXPLAINED_BYTES:
        return UNSET
    try:
        record = json.loads(text.decode("utf-8", "surrogateescape"))
        # Bytes that are no characters would come back as what the client did not send.
        return checked(Raw(json.dumps(record["ref"], allow_nan=False, ensure_ascii=False).encode()))
    except (ValueError, TypeError, KeyError, RecursionError, InvalidRequest):
        return UNSET
