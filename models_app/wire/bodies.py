"""JSON objects from clients: decoded fast where they are right, else explained field by field."""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain import features
from models_app.domain.errors import MAX_REASONS, InvalidRequest, Message
from models_app.paradigms.registry import MEMBERS
from models_app.wire.fields import Expected, expected

T = TypeVar("T", bound=msgspec.Struct)
U = TypeVar("U", bound=msgspec.Struct)


#: What decoders raise.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_UNKNOWN_FIELD = re.compile("Object contains unknown field `(.*)`", re.DOTALL)


class BodyReader(Generic[T, U]):
    """Reads bodies of one kind: a struct whose fields are of the types in `fields`.

    Most may be of a `plain` kind, with fewer fields, which is tried first: the decoder takes as long as it
    has fields to fill.
    """

    def __init__(self, kind: type[T], plain: type[U] | None = None) -> None:
        self._plain_decoder: msgspec.json.Decoder[T | U] = msgspec.json.Decoder(plain or kind)
        self._decoder = msgspec.json.Decoder(kind)
        fields = msgspec.structs.fields(kind)
        # What most requests need is missed where something else is wrong, too.
        self._required = [field.name for field in msgspec.structs.fields(plain or kind) if field.required]
        self._expected = {field.name: expected(field.type) for field in fields}
        # Takes the same fields, whatever stands in them, and passes over all others.
        members = [(field.name, Raw | UnsetType, UNSET) for field in fields]
        self._lenient_decoder = msgspec.json.Decoder(msgspec.defstruct("Members", members, gc=False))

    def read(self, body: bytes) -> T | U:
        """Return the decoded body.

        Raises `InvalidRequest`, with the reasons by field where there are fields.
        """
        try:
            return self._plain_decoder.decode(body)
        except UNREADABLE:
            return self._read_any(body)

    def _read_any(self, body: bytes) -> T:
        try:
            return self._decoder.decode(body)
        except UNREADABLE as error:
            raise InvalidRequest(self._explain(body, error)) from None

    def refusal(self, body: bytes) -> InvalidRequest:
        """Return why a body is refused that lacks what most must have."""
        return InvalidRequest(self._explain(body, ValueError("something is missing")))

    def _explain(self, body: bytes, error: Exception) -> Message:
        if len(body) > features.MAX_EXPLAINED_BYTES:
            return self._explain_long(body, error)
        try:
            value = _loaded(body)
        except RecursionError:
            return "The body is nested too deeply."
        except ValueError as reason:
            return f"The body is not valid JSON: {reason}."
        if not isinstance(value, dict):
            return "The body must be a JSON object."
        reasons = dict(islice(self._reasons(value), MAX_REASONS))
        return reasons or f"The body cannot be read: {error}."

    def _reasons(self, body: dict[str, object]) -> Iterator[tuple[str, list[str]]]:
        yield from self._missing(body)
        for name, value in body.items():
            if name not in self._expected:
                yield name, ["unknown field"]
            elif reason := _reason(self._expected[name], value):
                yield name, [reason]

    def _missing(self, body: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
        for name in self._required:
            if name not in body and MEMBERS.keys().isdisjoint(body):
                yield name, ["required field"]

    def _explain_long(self, body: bytes, error: Exception) -> Message:
        """Say what is wrong with a body that would take long to decode: less than could be said."""
        if isinstance(error, RecursionError):
            return "The body is nested too deeply."
        try:
            members = self._lenient_decoder.decode(body)
        except UNREADABLE as reason:
            return f"The body is not valid JSON: {reason}."
        known = {name: raw for name in self._expected if (raw := getattr(members, name)) is not UNSET}
        reasons = dict(self._missing(known))
        for name, raw in known.items():
            if fault := _reason_of_text(self._expected[name], raw):
                reasons[name] = [fault]
        # Of unknown fields the first only: the decoder has stopped there.
        if unknown := _UNKNOWN_FIELD.match(str(error)):
            reasons[unknown[1]] = ["unknown field"]
        return reasons or f"The body cannot be read: {error}."


def _loaded(text: bytes) -> Any:
    # Python refuses to read integers of so many digits, and that would be reported as a fault of the JSON.
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) < 4_000 else math.inf)


def _reason_of_text(field: Expected, raw: Raw) -> str | None:
    text = bytes(raw)
    if len(text) > features.MAX_EXPLAINED_BYTES:
        return None if field.may_be_long else "is too long"
    try:
        return _reason(field, _loaded(text))
    except (ValueError, RecursionError) as error:
        return f"cannot be read: {error}"


def _reason(field: Expected, value: object) -> str | None:
    if not isinstance(value, field.kinds) or (isinstance(value, bool) and bool not in field.kinds):
        return field.words
    found = features.first_fault(value)
    if found is None:
        return None
    path, reason = found
    return f"{path}: {reason}" if path else reason
