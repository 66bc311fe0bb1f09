"""The journal's records: everything that one learn was made of."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from models_app.domain import features, predictions
from models_app.domain.errors import ModelRaised
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, UnsupportedPrediction
from models_app.domain.scoring import GroundTruth


class Learn(msgspec.Struct, array_like=True, frozen=True, gc=False, kw_only=True):
    """One learn, as the journal keeps it.

    `features` is the JSON text that came from the client: the features, or of some paradigms all that the
    model is asked with. `prediction` is that of `encode_prediction`; times are seconds since the epoch (UTC).
    `predicted_at` is None where the prediction was made by the learn itself. `ground_truth` is None where the
    model learns without one, or where a prediction itself is recorded.
    """

    prediction_id: str | None
    features: msgspec.Raw
    prediction: msgspec.Raw
    ground_truth: bool | int | float | str | dict[str, Any] | None
    predicted_at: float | None
    learned_at: float

    def x(self) -> Features:
        """Return a fresh copy of the features."""
        return features.decode(self.features)

    def y_true(self) -> GroundTruth:
        """Return the ground truth."""
        return self.ground_truth

    def y_pred(self) -> Prediction:
        """Return the prediction that was scored."""
        return decode_prediction(self.prediction)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Learn])
_one_decoder = msgspec.json.Decoder(Learn)
_prediction_decoder = msgspec.json.Decoder(Any)


def encode(learns: list[Learn]) -> str:
    """Return the learns of one segment as JSON text."""
    return _encoder.encode(learns).decode()


def decode(text: str | bytes) -> list[Learn]:
    """Undo `encode`."""
    return _decoder.decode(text)


def encode_one(learn: Learn) -> bytes:
    """Return one learn as JSON text, as it stands in a segment."""
    return _encoder.encode(learn)


def decode_one(text: bytes) -> Learn:
    """Undo `encode_one`."""
    return _one_decoder.decode(text)


def encode_prediction(prediction: Prediction) -> str:
    """Return a prediction as JSON text that keeps every label's type.

    Raises `ModelRaised` where a label is no text that can be written, or a number too large.
    """
    try:
        if predictions.has_json(prediction):
            # The usual case, quicker: a tuple is encoded as a list is.
            plain = list(prediction.items()) if type(prediction) is dict else prediction
            return _encoder.encode(plain).decode()
        return _encoder.encode(predictions.to_storage(prediction)).decode()
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError) as error:
        raise _cannot_be_kept(error) from error


def encode_predictions(made: Sequence[Prediction]) -> list[msgspec.Raw]:
    """Return what `encode_prediction` does of many, as bytes, in a third of the time; raises what it does."""
    if not predictions.have_json(made):
        return [msgspec.Raw(encode_prediction(prediction)) for prediction in made]
    encode, raw = _encoder.encode, msgspec.Raw
    if isinstance(made[0], dict):
        made = [list(prediction.items()) for prediction in cast("Sequence[dict[Any, Any]]", made)]
    try:
        return [raw(encode(prediction)) for prediction in made]
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError) as error:
        raise _cannot_be_kept(error) from error


def _cannot_be_kept(error: Exception) -> ModelRaised:
    return ModelRaised(UnsupportedPrediction(f"the model's prediction cannot be kept: {error}"))


def decode_prediction(text: str | bytes | msgspec.Raw) -> Prediction:
    """Undo `encode_prediction`."""
    return predictions.from_storage(_prediction_decoder.decode(text))
