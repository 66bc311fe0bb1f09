"""From what a client sends to what it asks of the engine."""

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain import features, nesting
from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.domain.features import MAX_EXPLAINED_BYTES
from models_app.engine.commands import LearnById, LearnFeatures, Predict, PredictInDetail
from models_app.paradigms import options
from models_app.wire import fields, references
from models_app.wire.asking import members_of
from models_app.wire.bodies import UNREADABLE, BodyReader
from models_app.wire.commands import learn_command, predict_command
from models_app.wire.requests import (
    ContractRequest,
    FeaturesRequest,
    InitRequest,
    LearnRequest,
    ModelSettingsRequest,
    PlainRecord,
    PredictRequest,
    Record,
    TruthRequest,
)

#: What one record asks.
Asked = Predict | LearnById | LearnFeatures
#: A record as it came; one that cannot be read already has its refusal.
Text = bytes | Raw | ChantillyError
#: What a record asks, or why it is refused, and its reference.
Read = tuple[Asked | ChantillyError, Raw | UnsetType]

_init_reader: BodyReader[InitRequest, InitRequest] = BodyReader(InitRequest)
_contract_reader: BodyReader[ContractRequest, ContractRequest] = BodyReader(ContractRequest)
_settings_reader: BodyReader[ModelSettingsRequest, ModelSettingsRequest] = BodyReader(ModelSettingsRequest)
_predict_reader = BodyReader(PredictRequest, FeaturesRequest)
_learn_reader = BodyReader(LearnRequest, TruthRequest)
_record_reader = BodyReader(Record, PlainRecord)


def flavor(body: bytes) -> str:
    """Return the name of the flavor to set; raises `InvalidRequest`."""
    return _init_reader.read(body).flavor


def contract_change(body: bytes) -> ContractRequest:
    """Return what is to change of a feature contract; raises `InvalidRequest`."""
    return _contract_reader.read(body)


def json_schema(body: bytes) -> object:
    """Return a body that is to be JSON Schema; raises `InvalidRequest` where it is no JSON."""
    if nesting.has_too_many_values(body):
        raise InvalidRequest(f"The body must not have more than {nesting.MAX_VALUES:,} values.")
    try:
        value: object = msgspec.json.decode(body)
    except UNREADABLE as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
    if fault := nesting.fault_of(body, value):
        raise InvalidRequest(f"The body {fault}.")
    if found := features.first_fault(value):
        path, reason = found
        raise InvalidRequest({path or "schema": [reason]})
    return value


def features_kept(body: bytes) -> str | None:
    """Return how a model's features are to be shown, None: by the setting; raises `InvalidRequest`."""
    return _settings_reader.read(body).features_kept


def predict(body: bytes, now: float) -> Predict:
    """Return what the body of a predict asks; raises `InvalidRequest`. `now`: in seconds since the epoch."""
    read = _predict_reader.read(body)
    members = None if type(read) is FeaturesRequest else members_of(read)
    if read.features is UNSET and members is None and len(body) > MAX_EXPLAINED_BYTES:
        # Models of some flavors are asked with nothing, and that is short.
        raise _predict_reader.refusal(body)
    command = predict_command(
        features_json=None if read.features is UNSET else bytes(read.features),
        prediction_id=None if read.id is UNSET else read.id,
        model=None if read.model is UNSET else read.model,
        now=now,
        members=members,
    )
    return command if isinstance(read, FeaturesRequest) else _in_detail(command, read)


def _in_detail(command: Predict, read: PredictRequest | Record) -> Predict:
    """Return the command with the options that are asked for; raises `InvalidRequest`."""
    if read.options is UNSET:
        return command
    asked = read.options
    if not isinstance(asked, list) or not asked or not all(name in options.NAMES for name in asked):
        choice = ", ".join(map(repr, options.NAMES))
        raise options.refused(f"must be an array with some of {choice}")
    return PredictInDetail(command, tuple(dict.fromkeys(asked)))


def learn(body: bytes, now: float) -> LearnById | LearnFeatures:
    """Return what the body of a learn asks; raises `InvalidRequest`. `now`: as of `predict`."""
    read = _learn_reader.read(body)
    if read.ground_truth is UNSET and _has_nothing(read):
        raise _learn_reader.refusal(body)
    return learn_command(
        ground_truth=None if read.ground_truth is UNSET else read.ground_truth,
        prediction_id=None if read.id is UNSET else read.id,
        features_json=None if read.features is UNSET else bytes(read.features),
        model=None if read.model is UNSET else read.model,
        now=now,
        members=None if type(read) is TruthRequest else members_of(read),
    )


def _has_nothing(read: LearnRequest | TruthRequest | Record | PlainRecord) -> bool:
    """Say whether a learn without a ground truth has nothing else to learn from."""
    return read.id is UNSET and read.features is UNSET and members_of(read) is None


def record(text: Text, op: str | None, now: float) -> Read:
    """Return what one of many records asks, or its refusal.

    `op` is what a record means that does not say so itself; without it a ground truth means a learn. `now` is
    in seconds since the epoch.
    """
    if isinstance(text, ChantillyError):
        return text, UNSET
    ref: Raw | UnsetType = UNSET
    try:
        read = _record_reader.read(bytes(text))
        if read.ref is not UNSET:
            ref = references.checked(read.ref)
        return _command(read, op, now), ref
    except InvalidRequest as refusal:
        return refusal, references.found(bytes(text)) if ref is UNSET else ref
    except ChantillyError as refusal:
        return refusal, ref


def _command(read: Record | PlainRecord, op: str | None, now: float) -> Asked:
    said = read.op if read.op is not UNSET else op
    if said is None:
        said = fields.PREDICT if read.ground_truth is UNSET else fields.LEARN
    prediction_id = None if read.id is UNSET else read.id
    model = None if read.model is UNSET else read.model
    text = None if read.features is UNSET else bytes(read.features)
    members = None if type(read) is PlainRecord else members_of(read)
    if said == fields.LEARN:
        if isinstance(read, Record) and read.options is not UNSET:
            raise options.refused("only of a prediction")
        if read.ground_truth is UNSET and _has_nothing(read):
            raise InvalidRequest({"ground_truth": ["required field"]})
        return learn_command(
            ground_truth=None if read.ground_truth is UNSET else read.ground_truth,
            prediction_id=prediction_id,
            features_json=text,
            model=model,
            now=now,
            members=members,
        )
    if said != fields.PREDICT:
        raise InvalidRequest({"op": ["must be 'predict' or 'learn'"]})
    if read.ground_truth is not UNSET:
        raise InvalidRequest({"ground_truth": ["unknown field"]})
    command = predict_command(
        features_json=text, prediction_id=prediction_id, model=model, now=now, members=members
    )
    return command if isinstance(read, PlainRecord) else _in_detail(command, read)
