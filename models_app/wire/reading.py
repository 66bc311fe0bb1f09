"""From what a client sends to what it asks of the engine."""

from msgspec import UNSET, Raw, UnsetType

from models_app.domain.errors import ChantillyError, InvalidRequest
from models_app.engine.commands import LearnById, LearnFeatures, Predict
from models_app.wire import fields, references
from models_app.wire.bodies import BodyReader
from models_app.wire.commands import learn_command, predict_command
from models_app.wire.requests import InitRequest, LearnRequest, PredictRequest, Record

#: What one record asks.
Asked = Predict | LearnById | LearnFeatures
#: A record as it came; one that cannot be read already has its refusal.
Text = bytes | Raw | ChantillyError
#: What a record asks, or why it is refused, and its reference.
Read = tuple[Asked | ChantillyError, Raw | UnsetType]

_init_reader = BodyReader(InitRequest)
_predict_reader = BodyReader(PredictRequest)
_learn_reader = BodyReader(LearnRequest)
_record_reader = BodyReader(Record)


def flavor(body: bytes) -> str:
    """Return the name of the flavor to set; raises `InvalidRequest`."""
    return _init_reader.read(body).flavor


def predict(body: bytes, now: float) -> Predict:
    """Return what the body of a predict asks; raises `InvalidRequest`. `now`: in seconds since the epoch."""
    read = _predict_reader.read(body)
    return predict_command(
        features_json=bytes(read.features),
        prediction_id=None if read.id is UNSET else read.id,
        model=None if read.model is UNSET else read.model,
        now=now,
    )


def learn(body: bytes, now: float) -> LearnById | LearnFeatures:
    """Return what the body of a learn asks; raises `InvalidRequest`, `NoFeatures`. `now`: as of `predict`."""
    read = _learn_reader.read(body)
    return learn_command(
        ground_truth=read.ground_truth,
        prediction_id=None if read.id is UNSET else read.id,
        features_json=None if read.features is UNSET else bytes(read.features),
        model=None if read.model is UNSET else read.model,
        now=now,
    )


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


def _command(read: Record, op: str | None, now: float) -> Asked:
    said = read.op if read.op is not UNSET else op
    if said is None:
        said = fields.PREDICT if read.ground_truth is UNSET else fields.LEARN
    prediction_id = None if read.id is UNSET else read.id
    model = None if read.model is UNSET else read.model
    text = None if read.features is UNSET else bytes(read.features)
    if said == fields.LEARN:
        if read.ground_truth is UNSET:
            raise InvalidRequest({"ground_truth": ["required field"]})
        return learn_command(
            ground_truth=read.ground_truth,
            prediction_id=prediction_id,
            features_json=text,
            model=model,
            now=now,
        )
    if said != fields.PREDICT:
        raise InvalidRequest({"op": ["must be 'predict' or 'learn'"]})
    if read.ground_truth is not UNSET:
        raise InvalidRequest({"ground_truth": ["unknown field"]})
    if text is None:
        raise InvalidRequest({"features": ["required field"]})
    return predict_command(features_json=text, prediction_id=prediction_id, model=model, now=now)
