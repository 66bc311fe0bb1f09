"""The bodies of the API in JSON Schema, for the OpenAPI document, beside those of `wire`."""

from models_app.domain import showing
from models_app.wire.limits import MAX_RECORDS
from models_app.wire.schema import Schema, named

NDJSON = "application/x-ndjson"
#: Of a text of lines, or of a stream: the schema of each, as OpenAPI 3.2 has it in `itemSchema`.
ITEMS = "x-itemSchema"
#: Of an event stream: the schema of the events' data, by the events' name.
EVENTS = "x-events"


def record(required: list[str] | None = None, **properties: Schema) -> Schema:
    """Return the schema of an object that has these members and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    # JSON Schema knows no empty list of what is required.
    return {**schema, "required": required} if required else schema


def full(**properties: Schema) -> Schema:
    """Return the schema of an object that always has these members and no others."""
    return record(list(properties), **properties)


def one_or_many(schema: Schema, many: Schema | None = None) -> Schema:
    """Return the schema of a value, or of an array of such, or of the other, values."""
    array = {"type": "array", "maxItems": MAX_RECORDS, "items": many or schema}
    return {"oneOf": [schema, array]}


def text_of(schema: Schema, description: str) -> Schema:
    """Return the schema of a text that has a value of that schema on each line."""
    return {"type": "string", "description": description, ITEMS: schema}


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
_PART: Schema = {"type": "object", "description": "A specification, too."}
_PARTS: Schema = {"type": "array", "minItems": 1, "items": _PART}
#: The parameters are values of JSON, specifications of other parts, and what has a form of its own.
SPEC: Schema = {
    "description": "A model: an object of one of River's classes, by its parameters, or several, as steps.",
    "oneOf": [
        record(["class"], **{"class": {"type": "string"}, "params": {"type": "object"}}),
        *(record([kind], **{kind: _PARTS}) for kind in ("pipeline", "union", "product")),
    ],
}
_REMARKS = {"type": "array", "items": full(code={"type": "string"}, message={"type": "string"})}
UPLOADED = record(
    ["name"],
    name={"type": "string"},
    flavor={"type": "string"},
    size_bytes={"type": "integer", "description": "With `details`, as what follows."},
    classes={
        "type": "array",
        "items": {"type": "string"},
        "description": "Those of its parts, if they are known.",
    },
    remarks={**_REMARKS, "description": "What the trial said."},
)
_MOMENT = {"type": "number", "description": "Seconds since the epoch."}
QUARANTINE: Schema = {
    **full(
        ends={"type": "integer", "description": "The ends of its process at which it was at work."},
        how={"type": "string", "description": "How the last one was."},
        since=_MOMENT,
    ),
    "nullable": True,
    "description": "Why the model is not loaded any more; null where it is.",
}
RELEASED = full(
    was_quarantined={"type": "boolean", "description": "False: it was served all the time."},
)
_DETAILS = full(
    name={"type": "string"},
    flavor={"type": "string"},
    default={"type": "boolean"},
    read_only={"type": "boolean", "description": "Whether it learns nothing."},
    learns={"type": "integer", "description": "Those that it holds: a rollback goes back to fewer."},
    predictions={"type": "integer"},
    pending={"type": "integer"},
    headline={"type": "string", "nullable": True, "description": "The metric that a list has room for."},
    metrics=METRICS,
    metrics_learns={"type": "integer", "description": "The learns that `metrics` have."},
    size_bytes={"type": "integer"},
    sha256={"type": "string", "description": "Of the upload, as it came."},
    signed_by={"type": "string", "nullable": True, "description": "The key that has signed the upload."},
    uploaded_at=_MOMENT,
    last_predicted_at={**_MOMENT, "nullable": True},
    last_learned_at={**_MOMENT, "nullable": True},
    quarantine=QUARANTINE,
    status={"type": "string", "description": "How it does, in a word."},
    reasons={
        "type": "array",
        "description": "Why it is not well, the worst first.",
        "items": full(
            rule={"type": "string", "description": "The status that it would make alone."},
            text={"type": "string"},
            since={**_MOMENT, "nullable": True},
        ),
    },
)
MODELS = record(
    ["models", "default"],
    models={"type": "array", "items": {"type": "string"}},
    default={"type": "string", "nullable": True},
    next={"type": "string", "description": "Where there are more: the next page is `after` this."},
    details={"type": "array", "items": _DETAILS, "description": "With `details`: of each model, by name."},
)
_WAYS: Schema = {"type": "string", "enum": list(showing.WAYS)}
MODEL_SETTINGS = full(
    features_kept={**_WAYS, "description": "What is shown of its features."},
    own={
        "type": "array",
        "items": {"type": "string"},
        "description": "Those that are the model's own; the others are the server's settings.",
    },
)
_LABEL = full(
    id={"type": "string"},
    features={"description": "As they came, or as they are to be shown."},
    prediction={"type": "object", "additionalProperties": {"type": "number", "nullable": True}},
    uncertainty={"type": "number", "description": "From 0, certain, to 1."},
    predicted_at=_MOMENT,
)
LABELS = full(
    model={"type": "string"},
    labels={"type": "array", "items": _LABEL},
    next={"type": "string", "nullable": True, "description": "For `after`; null at the end."},
    looked_at={"type": "integer", "description": "The pending predictions that were compared."},
)
_KEPT: Schema = {
    **full(generation={"type": "integer"}, seq={"type": "integer"}, taken_at=_MOMENT),
    "nullable": True,
    "description": "A snapshot that the model can go back to; null where none is kept.",
}
_NUMBER: Schema = {"type": "integer", "nullable": True, "description": "Null: its ground truth is awaited."}
_BROWSED = full(
    id={"type": "string", "nullable": True},
    generation=_NUMBER,
    seq=_NUMBER,
    features={"description": "As they came, or as they are to be shown."},
    prediction={"description": "As it was answered."},
    ground_truth={"nullable": True, "description": "As it was sent."},
    predicted_at={**_MOMENT, "nullable": True, "description": "Null: the learn has made the prediction."},
    learned_at={**_MOMENT, "nullable": True},
    snapshot_before=_KEPT,
    snapshot_after=_KEPT,
)
RECORDS = full(
    model={"type": "string"},
    records={"type": "array", "items": _BROWSED},
    next={"type": "string", "nullable": True, "description": "For `before`; null at the end."},
)
CONTRACT: Schema = {
    "type": "object",
    "description": "JSON Schema (2020-12) of features; `x-seen` has what was seen of them.",
    "additionalProperties": True,
}
AUDIT = full(
    entries={
        "type": "array",
        "items": full(
            id={"type": "integer"},
            acted_at=_MOMENT,
            actor={"type": "string", "description": "A token, a user, a system user, or `anybody`."},
            origin={"type": "string", "description": "An address, or a command."},
            action={"type": "string"},
            model={"type": "string", "description": "Empty where it is about none, or all."},
            digest={"type": "string", "description": "SHA-256 of the bytes that came or went."},
            details={"type": "object", "additionalProperties": {}},
        ),
    },
    next={"type": "integer", "nullable": True, "description": "For `after`; null at the end."},
)
HEALTH = full(status={"type": "string", "enum": ["up"]})
READINESS = record(
    ["status"],
    status={"type": "string", "enum": ["ready"]},
    warnings={"type": "array", "items": {"type": "string"}},
)
