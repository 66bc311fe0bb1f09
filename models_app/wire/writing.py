"""From what the engine answers to what a client is sent."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from models_app.domain import predictions
from models_app.domain.errors import Message, ModelRaised
from models_app.domain.predictions import UnsupportedPrediction
from models_app.paradigms.options import Details
from models_app.wire.answers import (
    DetailedPrediction,
    DetailedRecordPrediction,
    Prediction,
    RecordLearned,
    RecordPrediction,
    RecordRefused,
)

#: What `Predict` is answered: the name of the model that did, and its prediction; what else was asked for.
Predicted = tuple[str, predictions.Prediction] | tuple[str, predictions.Prediction, Details]
_DETAILED: Final = 3

#: The answer to a learn.
LEARNED = b"{}"

_encoder = msgspec.json.Encoder()


def predicted(answer: Predicted) -> bytes:
    """Return a prediction as JSON text; raises `ModelRaised` where no JSON can hold it."""
    if len(answer) == _DETAILED:
        model, prediction, details = answer
        return _encoded(DetailedPrediction(model, predictions.to_json(prediction), **_shown(details)))
    model, prediction = answer
    return _encoded(Prediction(model, predictions.to_json(prediction)))


def record(answer: object, ref: Raw | UnsetType = UNSET) -> bytes:
    """Return the answer to one of many records, predicted or learned, as JSON text; raises `ModelRaised`."""
    if isinstance(answer, tuple):
        if len(answer) == _DETAILED:
            model, prediction, details = answer
            shown = _shown(details)
            return _encoded(
                DetailedRecordPrediction(model, predictions.to_json(prediction), ref=ref, **shown)
            )
        model, prediction = answer
        return _encoded(RecordPrediction(model, predictions.to_json(prediction), ref))
    return LEARNED if ref is UNSET else _encoded(RecordLearned(ref))


def refused(code: str, message: Message, ref: Raw | UnsetType = UNSET, line: int | None = None) -> bytes:
    """Return the refusal of one of many records as JSON text; with its line where lines are counted."""
    return _encoder.encode(RecordRefused(code, message, UNSET if line is None else line, ref))


def _shown(details: Details) -> dict[str, Any]:
    return {name: predictions.to_json(value) for name, value in details.items()}


def _encoded(answer: msgspec.Struct) -> bytes:
    try:
        return _encoder.encode(answer)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError) as error:
        raise ModelRaised(UnsupportedPrediction(f"the model's prediction is no JSON: {error}")) from error
