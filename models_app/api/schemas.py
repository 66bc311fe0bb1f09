"""The bodies of the API in JSON Schema, for the OpenAPI document."""

from typing import Any

Schema = dict[str, Any]

_LABEL: Schema = {"oneOf": [{"type": "boolean"}, {"type": "number"}, {"type": "string"}]}
_ID: Schema = {
    "description": '`42` and `"42"` are the same id.',
    "oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 200}],
}
_FEATURES: Schema = {
    "description": "Values by name, or one text.",
    "oneOf": [{"type": "object", "additionalProperties": True}, {"type": "string"}],
}
_MODEL: Schema = {"type": "string", "description": "A model's name; the default model without it."}


def _object(required: list[str] | None = None, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    # JSON Schema knows no empty list of what is required.
    return {**schema, "required": required} if required else schema


def _json(schema: Schema) -> dict[str, Schema]:
    return {"application/json": schema}


INIT = _json(_object(["flavor"], flavor={"type": "string", "enum": ["regression", "binary", "multiclass"]}))
PREDICT = _json(_object(["features"], features=_FEATURES, id=_ID, model=_MODEL))
LEARN = _json(_object(["ground_truth"], ground_truth=_LABEL, id=_ID, features=_FEATURES, model=_MODEL))
MODEL_BYTES: dict[str, Schema] = {"application/octet-stream": {"type": "string", "format": "binary"}}

EMPTY = _object()
ERROR = _object(
    ["message"],
    message={
        "description": "One sentence, or the reasons by field. The header `Error-Code` names the error.",
        "oneOf": [
            {"type": "string"},
            {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        ],
    },
)
REFUSALS = {400: ERROR, 413: ERROR, 503: ERROR}
PREDICTION = _object(
    ["model", "prediction"],
    model={"type": "string"},
    prediction={
        "description": "A number, or probabilities by label; a label, of a classifier without probabilities.",
        "nullable": True,
        "oneOf": [
            {"type": "number"},
            {"type": "boolean"},
            {"type": "string"},
            {"type": "object", "additionalProperties": {"type": "number", "nullable": True}},
        ],
    },
)
INSTANCE = _object(
    ["flavor", "storage", "river_version"],
    flavor={"type": "string"},
    storage={"type": "string"},
    river_version={"type": "string"},
)
NAME = _object(["name"], name={"type": "string"})
MODELS = _object(
    ["models", "default"],
    models={"type": "array", "items": {"type": "string"}},
    default={"type": "string", "nullable": True},
)
METRICS: Schema = {"type": "object", "additionalProperties": {"type": "number", "nullable": True}}
_RECORD = _object(
    op={"type": "string", "enum": ["predict", "learn"], "description": "A ground truth alone means a learn."},
    features=_FEATURES,
    ground_truth=_LABEL,
    id=_ID,
    model=_MODEL,
    ref={"description": "The client's own; echoed in the answer."},
)
RECORDS = {"application/x-ndjson": _RECORD}
RECORD_ANSWER: Schema = {
    "type": "object",
    "description": "What the single routes answer, or `error`, `message` and `line`.",
}
HEALTH = _object(["status"], status={"type": "string"})
READINESS = _object(
    ["status"], status={"type": "string"}, warnings={"type": "array", "items": {"type": "string"}}
)
