"""Feature contracts as JSON Schema: read from it as far as it is about kinds of features, and written."""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from models_app.domain.contracts import KINDS, MAX_FEATURES, NUMBER, OBJECT, WHOLES, Contract, Rule
from models_app.domain.errors import InvalidRequest

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: What was seen of a feature: looked at by people, and not read.
SEEN = "x-seen"
_INTEGER = "integer"
# They say nothing of what is valid.
_NOTES = {
    "$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "format",
    "readOnly", "writeOnly",
}  # fmt: skip
_OF_WHOLE = {"type", "properties", "required", "additionalProperties"}
_OF_FEATURE = {"type", "minimum", "maximum", "enum", "anyOf"}
_MAX_VALUES = 1_000


class _Invalid(Exception):
    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path


def read(schema: object) -> Contract:
    """Return the contract that a schema describes; raises `InvalidRequest`, naming the place.

    What would not be held to is refused: of JSON Schema `type`, `properties`, `required` and
    `additionalProperties` are known, and of a feature `type`, `anyOf`, `enum`, `minimum` and `maximum`.

    >>> contract = read({"type": "object", "properties": {"area": {"type": "number"}}})
    >>> contract.is_open, contract.features["area"].is_required, contract.features["area"].in_words
    (True, False, 'number')
    """
    try:
        return _whole(schema)
    except _Invalid as invalid:
        raise InvalidRequest({invalid.path or "schema": [str(invalid)]}) from None


def write(contract: Contract) -> Schema:
    """Return a contract as a schema.

    >>> write(Contract(features={"area": Rule(kinds=frozenset({NUMBER}))}))["properties"]
    {'area': {'type': 'number'}}
    """
    return {
        "$schema": DIALECT,
        "type": _written_kinds(contract.wholes, WHOLES),
        "properties": {name: _written(rule) for name, rule in sorted(contract.features.items())},
        "required": sorted(name for name, rule in contract.features.items() if rule.is_required),
        "additionalProperties": contract.is_open,
    }


def _whole(schema: object) -> Contract:
    found = _members(schema, "", _OF_WHOLE)
    wholes = _kinds(found.get("type", OBJECT), "type", WHOLES)
    properties = found.get("properties", {})
    if not isinstance(properties, dict):
        raise _Invalid("properties", "must be an object")
    if len(properties) > MAX_FEATURES:
        raise _Invalid("properties", f"must not have more than {MAX_FEATURES:,} features")
    required = found.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise _Invalid("required", "must be an array of strings")
    is_open = found.get("additionalProperties", True)
    if not isinstance(is_open, bool):
        raise _Invalid("additionalProperties", "must be true or false")
    strangers = [name for name in required if name not in properties]
    if strangers:
        raise _Invalid("required", f"'{strangers[0]}' is none of the properties")
    features = {
        name: _rule(value, f"properties.{name}", is_required=name in set(required))
        for name, value in properties.items()
    }
    return Contract(features=features, is_open=is_open, wholes=wholes)


def _rule(schema: object, path: str, *, is_required: bool) -> Rule:
    found = _members(schema, path, _OF_FEATURE)
    if "anyOf" in found:
        return _any_of(found, path, is_required=is_required)
    named = found.get("type", list(KINDS))
    kinds = _kinds(named, f"{path}.type", (*KINDS, _INTEGER))
    is_whole = _INTEGER in kinds and NUMBER not in kinds
    return Rule(
        kinds=frozenset(NUMBER if kind == _INTEGER else kind for kind in kinds),
        is_required=is_required,
        is_whole=is_whole,
        minimum=_bound(found, "minimum", path),
        maximum=_bound(found, "maximum", path),
        values=_values(found, path),
    )


def _any_of(found: Schema, path: str, *, is_required: bool) -> Rule:
    """Return the rule of several, as they are written of what may be null."""
    others = sorted(found.keys() & (_OF_FEATURE - {"anyOf"}))
    if others:
        raise _Invalid(f"{path}.{others[0]}", "not beside 'anyOf'")
    schemas = found["anyOf"]
    if not isinstance(schemas, list) or not schemas:
        raise _Invalid(f"{path}.anyOf", "must be an array, not empty")
    rules = [
        _rule(schema, f"{path}.anyOf[{number}]", is_required=is_required)
        for number, schema in enumerate(schemas)
    ]
    kinds = [kind for rule in rules for kind in rule.kinds]
    if len(set(kinds)) < len(kinds):
        raise _Invalid(f"{path}.anyOf", "must have each type once")
    numeric = next((rule for rule in rules if NUMBER in rule.kinds), Rule())
    if any(rule.values is not None for rule in rules):
        raise _Invalid(f"{path}.anyOf", "must not have 'enum' within it")
    return Rule(
        kinds=frozenset(kinds),
        is_required=is_required,
        is_whole=numeric.is_whole,
        minimum=numeric.minimum,
        maximum=numeric.maximum,
    )


def _members(schema: object, path: str, known: set[str]) -> Schema:
    if not isinstance(schema, dict):
        raise _Invalid(path, "must be an object")
    for name in schema:
        if name not in known and name not in _NOTES and not name.startswith("x-"):
            place = f"{path}.{name}" if path else name
            raise _Invalid(place, f"not supported; there are {', '.join(sorted(known))}")
    return schema


def _kinds(value: object, path: str, known: tuple[str, ...]) -> frozenset[str]:
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not named or not all(kind in known for kind in named):
        raise _Invalid(path, f"must be one of {', '.join(known)}, or an array of them")
    return frozenset(named)


def _bound(found: Mapping[str, object], name: str, path: str) -> float | None:
    value = found.get(name)
    if value is not None and not _is_number(value):
        raise _Invalid(f"{path}.{name}", "must be a number")
    return value


def _values(found: Mapping[str, object], path: str) -> tuple[object, ...] | None:
    if "enum" not in found:
        return None
    values = found["enum"]
    if not isinstance(values, list) or not values or len(values) > _MAX_VALUES:
        raise _Invalid(f"{path}.enum", f"must be an array of 1 to {_MAX_VALUES:,} values")
    if any(isinstance(value, list | dict) for value in values):
        raise _Invalid(f"{path}.enum", "must have strings, numbers, booleans and null only")
    return tuple(values)


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _written(rule: Rule) -> Schema:
    kinds = rule.kinds
    order: tuple[str, ...] = KINDS
    if rule.is_whole:
        kinds = kinds - {NUMBER} | {_INTEGER}
        order = (_INTEGER, *KINDS)
    schema: Schema = {"type": _written_kinds(kinds, order)}
    if rule.minimum is not None:
        schema["minimum"] = rule.minimum
    if rule.maximum is not None:
        schema["maximum"] = rule.maximum
    if rule.values is not None:
        schema["enum"] = list(rule.values)
    return schema


def _written_kinds(kinds: frozenset[str], order: tuple[str, ...]) -> str | list[str]:
    found = [kind for kind in order if kind in kinds]
    return found[0] if len(found) == 1 else found
