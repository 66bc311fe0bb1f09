"""Events of predictions and learns for listeners, as structs."""

import msgspec
from msgspec import Raw

from models_app.domain import predictions
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.wire import fields

_encoder = msgspec.json.Encoder()


class PredictEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A prediction that was answered."""

    model: str
    features: fields.Features
    prediction: fields.Predicted


class LearnEvent(PredictEvent, gc=False):
    """A learn, and the prediction that was scored."""

    ground_truth: fields.TruthOrNone


def predicted(*, model: str, features: bytes, prediction: Prediction) -> bytes:
    """Return the event of a prediction as JSON text; `features` are JSON text.

    >>> predicted(model="house", features=b'{"area": 70}', prediction=1.5)
    b'{"model":"house","features":{"area": 70},"prediction":1.5}'
    """
    return _encoder.encode(PredictEvent(model, Raw(features), predictions.to_json(prediction)))


def learned(*, model: str, features: bytes, prediction: Prediction, ground_truth: GroundTruth) -> bytes:
    """Return the event of a learn as JSON text; `features` are JSON text."""
    event = LearnEvent(model, Raw(features), predictions.to_json(prediction), ground_truth)
    return _encoder.encode(event)
