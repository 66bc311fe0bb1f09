"""The API's JSON bodies: decoded fast where they are right, explained field by field where they are not."""

import json
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain.errors import InvalidRequest, Message
from models_app.domain.features import non_finite_members

T = TypeVar("T", bound=msgspec.Struct)


class InitBody(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """POST /api/init."""

    flavor: str


class PredictBody(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """POST /api/predict. `features` stays JSON text here; `domain.features` decodes it."""

    features: Raw
    id: int | str | UnsetType = UNSET
    model: str | UnsetType = UNSET


class LearnBody(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """POST /api/learn."""

    ground_truth: bool | int | float | str
    id: int | str | UnsetType = UNSET
    features: Raw | UnsetType = UNSET
    model: str | UnsetType = UNSET


# What each field must be, in words and for `isinstance`.
_EXPECTED: dict[str, tuple[str, tuple[type, ...]]] = {
    "flavor": ("must be a string", (str,)),
    "features": ("must be an object or a string", (dict, str)),
    "id": ("must be an integer or a string", (int, str)),
    "model": ("must be a string", (str,)),
    "ground_truth": ("must be a number, a string or a boolean", (bool, int, float, str)),
    "op": ("must be 'predict' or 'learn'", (str,)),
    "ref": ("may be anything", (object,)),
}


class BodyReader(Generic[T]):
    """Reads bodies of one kind."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._fields = {field.name: field.required for field in msgspec.structs.fields(kind)}

    def read(self, body: bytes) -> T:
        """Return the decoded body.

        Raises `InvalidRequest`, with the reasons by field where there are fields.
        """
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(self._explain(body, error)) from None

    def _explain(self, body: bytes, error: Exception) -> Message:
        try:
            value = json.loads(body)
        except RecursionError:
            return "The body is nested too deeply."
        except ValueError as reason:
            return f"The body is not valid JSON: {reason}."
        if not isinstance(value, dict):
            return "The body must be a JSON object."
        reasons = dict(self._reasons(value))
        return reasons or f"The body cannot be read: {error}."

    def _reasons(self, body: dict[str, object]) -> Iterable[tuple[str, list[str]]]:
        for name, required in self._fields.items():
            if required and name not in body:
                yield name, ["required field"]
        for name, value in body.items():
            if name not in self._fields:
                yield name, ["unknown field"]
            elif reason := _reason(name, value):
                yield name, [reason]


def _reason(name: str, value: object) -> str | None:
    expected, kinds = _EXPECTED[name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return expected
    for path in non_finite_members(value):
        return f"{path}: must be a finite number" if path else "must be a finite number"
    return None
