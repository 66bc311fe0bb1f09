"""From what the engine answers to what a client is sent."""

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain import predictions
from models_app.domain.errors import Message, ModelRaised
from models_app.domain.predictions import UnsupportedPrediction
from models_app.wire.answers import Prediction, RecordLearned, RecordPrediction, RecordRefused

#: What `Predict` is answered: the name of the model that did, and its prediction.
Predicted = tuple[str, predictions.Prediction]

#: The answer to a learn.
LEARNED = b"{}"

_encoder = msgspec.json.Encoder()


def predicted(answer: Predicted) -> bytes:
    """Return a prediction as JSON text; raises `ModelRaised` where no JSON can hold it."""
    model, prediction = answer
    return _encoded(Prediction(model, predictions.to_json(prediction)))


def record(answer: object, ref: Raw | UnsetType = UNSET) -> bytes:
    """Return the answer to one of many records, predicted or learned, as JSON text; raises `ModelRaised`."""
    if isinstance(answer, tuple):
        model, prediction = answer
        return _encoded(RecordPrediction(model, predictions.to_json(prediction), ref))
    return LEARNED if ref is UNSET else _encoded(RecordLearned(ref))


def refused(code: str, message: Message, ref: Raw | UnsetType = UNSET, line: int | None = None) -> bytes:
    """Return the refusal of one of many records as JSON text; with its line where lines are counted."""
    return _encoder.encode(RecordRefused(code, message, UNSET if line is None else line, ref))


def _encoded(answer: msgspec.Struct) -> bytes:
    try:
        return _encoder.encode(answer)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError) as error:
        raise ModelRaised(UnsupportedPrediction(f"the model's prediction is no JSON: {error}")) from error
