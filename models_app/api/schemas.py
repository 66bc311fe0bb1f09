"""The bodies of the API in JSON Schema, for the OpenAPI document."""

from typing import Any

Schema = dict[str, Any]

NDJSON = "application/x-ndjson"
#: Of a text of lines, or of a stream: the schema of each, as OpenAPI 3.2 has it in `itemSchema`.
ITEMS = "x-itemSchema"
#: Of an event stream: the schema of the events' data, by the events' name.
EVENTS = "x-events"
MAX_RECORDS = 10_000

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
_OP: Schema = {
    "type": "string",
    "enum": ["predict", "learn"],
    "description": "Without it: what the route does; on a stream a ground truth means a learn.",
}
_REF: Schema = {"description": "The client's own; echoed in the answer."}
_NUMBER_OR_NULL: Schema = {"type": "number", "nullable": True}
_PREDICTED: Schema = {
    "description": "A number, or probabilities by label; a label, of a classifier without probabilities.",
    "oneOf": [
        _NUMBER_OR_NULL,
        {"type": "boolean"},
        {"type": "string"},
        {"type": "object", "additionalProperties": _NUMBER_OR_NULL},
    ],
}
_MESSAGE: Schema = {
    "description": "One sentence, or the reasons by field.",
    "oneOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    ],
}


def record(required: list[str] | None = None, **properties: Schema) -> Schema:
    """Return the schema of an object that has these members and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    # JSON Schema knows no empty list of what is required.
    return {**schema, "required": required} if required else schema


def full(**properties: Schema) -> Schema:
    """Return the schema of an object that always has these members and no others."""
    return record(list(properties), **properties)


def named(name: str) -> Schema:
    """Return a reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_or_many(schema: Schema, many: Schema | None = None) -> Schema:
    """Return the schema of a value, or of an array of such, or of the other, values."""
    array = {"type": "array", "maxItems": MAX_RECORDS, "items": many or schema}
    return {"oneOf": [schema, array]}


def text_of(schema: Schema, description: str) -> Schema:
    """Return the schema of a text that has a value of that schema on each line."""
    return {"type": "string", "description": description, ITEMS: schema}


COMPONENTS: dict[str, Schema] = {
    "Error": full(message=_MESSAGE),
    "PredictRequest": record(["features"], features=_FEATURES, id=_ID, model=_MODEL),
    "LearnRequest": record(["ground_truth"], ground_truth=_LABEL, id=_ID, features=_FEATURES, model=_MODEL),
    "Prediction": full(model={"type": "string"}, prediction=_PREDICTED),
    "Record": record(op=_OP, features=_FEATURES, ground_truth=_LABEL, id=_ID, model=_MODEL, ref=_REF),
    "RecordAnswer": {
        "description": "A prediction; of a learn nothing but `ref`; or why the record is refused.",
        "oneOf": [named("RecordPrediction"), named("RecordLearned"), named("RecordRefused")],
    },
    "RecordPrediction": record(
        ["model", "prediction"], model={"type": "string"}, prediction=_PREDICTED, ref=_REF
    ),
    "RecordLearned": record(ref=_REF),
    "RecordRefused": record(
        ["error", "message"],
        error={"type": "string", "description": "The code that single routes have in `Error-Code`."},
        message=_MESSAGE,
        line={"type": "integer", "minimum": 1, "description": "On streams of lines."},
        ref=_REF,
    ),
    "Metrics": {"type": "object", "additionalProperties": _NUMBER_OR_NULL},
    "PredictEvent": full(
        model={"type": "string"},
        features=_FEATURES,
        prediction=_PREDICTED,
    ),
    "LearnEvent": full(
        model={"type": "string"},
        features=_FEATURES,
        prediction=_PREDICTED,
        ground_truth=_LABEL,
    ),
}

EMPTY = record()
ERROR = named("Error")
PREDICTION = named("Prediction")
PREDICTIONS = one_or_many(PREDICTION, named("RecordAnswer"))
LEARNED = one_or_many(EMPTY, named("RecordAnswer"))
METRICS = named("Metrics")
RECORD = named("Record")
RECORD_ANSWER = named("RecordAnswer")
INSTANCE = full(
    flavor={"type": "string"},
    storage={"type": "string"},
    river_version={"type": "string"},
)
NAME = full(name={"type": "string"})
MODELS = full(
    models={"type": "array", "items": {"type": "string"}},
    default={"type": "string", "nullable": True},
)
HEALTH = full(status={"type": "string", "enum": ["up"]})
READINESS = record(
    ["status"],
    status={"type": "string", "enum": ["ready"]},
    warnings={"type": "array", "items": {"type": "string"}},
)
