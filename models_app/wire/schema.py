"""The JSON Schema of records, answers and events, generated from their structs, as OpenAPI 3.0 has it."""

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

from models_app.wire.answers import (
    DetailedPrediction,
    DetailedRecordPrediction,
    Error,
    RecordLearned,
    RecordRefused,
)
from models_app.wire.events import LearnEvent, PredictEvent
from models_app.wire.fields import any_value, schema_of
from models_app.wire.requests import (
    AcknowledgeRequest,
    ContractRequest,
    ForgetRequest,
    InitRequest,
    LearnRequest,
    ModelSettingsRequest,
    MuteRequest,
    NoteRequest,
    PredictRequest,
    Record,
    RollbackRequest,
)

Schema = dict[str, Any]

_TEMPLATE = "#/components/schemas/{name}"
_NULL, _NUMBER, _INTEGER = {"type": "null"}, {"type": "number"}, {"type": "integer"}


def named(name: str) -> Schema:
    """Return a reference to one of the components."""
    return {"$ref": _TEMPLATE.format(name=name)}


def components_of(kinds: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    """Return the schemas of structs by their names."""
    _, found = msgspec.json.schema_components(kinds, schema_hook=any_value, ref_template=_TEMPLATE)
    return {name: _as_openapi(schema) for name, schema in found.items()}


def _as_openapi(schema: Schema) -> Schema:
    """Return a schema of JSON Schema 2020-12 as OpenAPI 3.0 writes it.

    >>> _as_openapi({"anyOf": [{"type": "number"}, {"type": "integer"}, {"type": "null"}]})
    {'type': 'number', 'nullable': True}
    >>> _as_openapi({"title": "Name", "anyOf": [{"type": "string"}, {"type": "null"}]})
    {'type': 'string', 'nullable': True}
    """
    schema = {name: _inner(name, value) for name, value in schema.items() if name != "title"}
    if not schema.get("required", True):
        # No list of what is required may be empty.
        del schema["required"]
    if "properties" in schema and "description" in schema:
        # A docstring.
        schema["description"] = inspect.cleandoc(schema["description"])
    options = schema.pop("anyOf", None)
    return schema if options is None else {**schema, **_union(options)}


def _inner(name: str, value: Any) -> Any:
    match name:
        case "properties":
            return {field: _as_openapi(schema) for field, schema in value.items()}
        case "items" | "additionalProperties" if isinstance(value, dict):
            return _as_openapi(value)
        case "anyOf":
            return [_as_openapi(option) for option in value]
    return value


def _union(options: list[Schema]) -> Schema:
    plain = [option for option in options if option != _NULL]
    if _NUMBER in plain:
        # Each integer is a number.
        plain = [option for option in plain if option != _INTEGER]
    if _NULL in options:
        # There is no type for null: one of the others takes it in.
        index = plain.index(_NUMBER) if _NUMBER in plain else 0
        plain[index] = {**plain[index], "nullable": True}
    return plain[0] if len(plain) == 1 else {"anyOf": plain}


# Most answers have nothing of the details, and are encoded as structs without them.
_DETAILED = components_of([DetailedPrediction, DetailedRecordPrediction])

#: By the names that the OpenAPI document has for them.
COMPONENTS: dict[str, Schema] = {
    **components_of(
        [
            Error,
            InitRequest,
            ContractRequest,
            ModelSettingsRequest,
            ForgetRequest,
            RollbackRequest,
            NoteRequest,
            AcknowledgeRequest,
            MuteRequest,
            PredictRequest,
            LearnRequest,
            Record,
            RecordLearned,
            RecordRefused,
            PredictEvent,
            LearnEvent,
        ]
    ),
    "Prediction": _DETAILED["DetailedPrediction"],
    "RecordPrediction": _DETAILED["DetailedRecordPrediction"],
    "Metrics": _as_openapi(schema_of(dict[str, float | None])),
    "RecordAnswer": {
        "description": "A prediction; of a learn nothing but `ref`; or why the record is refused.",
        "oneOf": [named(name) for name in ("RecordPrediction", "RecordLearned", "RecordRefused")],
    },
}
