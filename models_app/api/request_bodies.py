"""Schemas of the bodies of requests, with examples that can be sent as they stand.

The examples are those of one instance, in the order of the routes: its flavor is `regression`, and a
model has been uploaded as `house`. Those of other flavors are of models that are called after them.
"""

import json

from drf_spectacular.utils import OpenApiExample, OpenApiRequest

from models_app.api import schemas
from models_app.api.schemas import NDJSON
from models_app.paradigms import request_examples
from models_app.paradigms.regression import REGRESSION
from models_app.wire.schema import Schema, named

_JSON = "application/json"
#: In the examples.
MODEL = "house"
_HOUSE = {"area": 71.5, "rooms": 3}
_OTHER = {"area": 120.0, "rooms": 5}
_PRICE = 310.5


def _body(media_type: str, schema: Schema, **examples: object) -> dict[str, OpenApiRequest]:
    named_examples = [
        OpenApiExample(name.replace("_", " "), value=value, request_only=True)
        for name, value in examples.items()
    ]
    return {media_type: OpenApiRequest(schema, examples=named_examples)}


def _lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


_PREDICT = {"features": _HOUSE}
_LEARN = {"features": _HOUSE, "ground_truth": _PRICE}
_RECORDS = (
    {"features": _HOUSE, "id": "house-8", "ref": 1},
    {"ground_truth": _PRICE, "id": "house-8", "ref": 2},
    {"op": "predict", "features": _OTHER, "model": MODEL, "ref": "three"},
)

MODEL_SETTINGS = _body(_JSON, named("ModelSettingsRequest"), hashed={"features_kept": "hashed"})
INIT = _body(_JSON, named("InitRequest"), **{REGRESSION.name: {"flavor": REGRESSION.name}})
FORGET = _body(
    _JSON,
    named("ForgetRequest"),
    an_id={"id": "house-7"},
    a_feature={"feature": {"area": 71.5}},
)
ROLLBACK = _body(_JSON, named("RollbackRequest"), to_its_upload={"seq": 0})
NOTE = _body(
    _JSON,
    named("NoteRequest"),
    now={"text": "The second pump is on."},
    at_a_time={"text": "A public holiday.", "time": 1_780_000_000},
)
ACKNOWLEDGE = _body(_JSON, named("AcknowledgeRequest"), a_note={"note": "The pump is being changed."})
MUTE = _body(
    _JSON,
    named("MuteRequest"),
    for_an_hour={"kind": "drift", "seconds": 3600},
    until_a_time={"kind": "no truths", "until": 4_000_000_000},
)
_LINEAR = {"class": "linear_model.LinearRegression", "params": {"intercept_lr": 0.3}}
CONTRACT = _body(
    _JSON,
    schemas.CONTRACT,
    two_features={
        "type": "object",
        "properties": {"area": {"type": "number", "minimum": 0}, "rooms": {"type": ["number", "null"]}},
        "required": ["area"],
        "additionalProperties": False,
    },
)
CHANGE_CONTRACT = _body(
    _JSON, named("ContractRequest"), follow_what_is_seen={"frozen": False, "strict": None}
)
UPLOAD: dict[str, OpenApiRequest] = {
    **_body(
        _JSON,
        schemas.SPEC,
        a_pipeline={"pipeline": [{"class": "preprocessing.StandardScaler"}, _LINEAR]},
        one_class=_LINEAR,
    ),
    "application/octet-stream": OpenApiRequest({"type": "string", "format": "binary"}),
}
PREDICT = _body(
    _JSON,
    schemas.one_or_many(named("PredictRequest"), named("Record")),
    features=_PREDICT,
    with_an_id={**_PREDICT, "id": "house-7"},
    by_a_model={**_PREDICT, "model": MODEL},
    many_records=[{**_PREDICT, "ref": 1}, {"features": _OTHER, "ref": 2}],
    **request_examples.asked(),
)
LEARN = _body(
    _JSON,
    schemas.one_or_many(named("LearnRequest"), named("Record")),
    from_features=_LEARN,
    by_the_id_of_a_prediction={"id": "house-7", "ground_truth": _PRICE},
    many_records=[_LEARN, {"features": _OTHER, "ground_truth": 540, "model": MODEL, "ref": 2}],
    **request_examples.learned(),
)
RECORDS = _body(NDJSON, schemas.text_of(schemas.RECORD, "A JSON object a line."), records=_lines(*_RECORDS))
#: Messages of a WebSocket.
MESSAGES: dict[str, object] = {"a record": _RECORDS[2], "a list of records": list(_RECORDS)}
