"""Predictions that are records of the journal: they change the model, or what is kept beside it."""

from typing import TYPE_CHECKING

import msgspec

from models_app.domain import learns
from models_app.domain.errors import ModelRaised
from models_app.domain.learns import Learn
from models_app.domain.predictions import Prediction
from models_app.engine.commands import LearnAgain, Predict
from models_app.engine.hot import Spoiled

if TYPE_CHECKING:
    from models_app.engine.batches import Batch


def record_prediction(
    batch: "Batch", command: Predict, prediction_id: str | None, prediction: Prediction
) -> None:
    """Take a prediction, just made under an id or without, into the journal; raises `Spoiled`."""
    text = msgspec.Raw(encoded(prediction))
    batch.hot.recorded(command.x, prediction)
    learn = Learn(
        prediction_id=prediction_id,
        features=msgspec.Raw(command.text),
        prediction=text,
        ground_truth=None,
        predicted_at=None,
        learned_at=batch.stamp(command.received_at),
    )
    batch.write.learns.append(learn)
    if prediction_id is not None and not batch.hot.flavor.keeps_recorded:
        del batch.write.predicted[prediction_id]


def record_again(batch: "Batch", command: LearnAgain) -> None:
    """Make a recorded prediction anew, and take it into the journal; raises `ModelRaised`, `Spoiled`."""
    learn, hot = command.learn, batch.hot
    prediction = hot.predict(learn.x())
    text = msgspec.Raw(encoded(prediction))
    hot.recorded(learn.x(), prediction)
    learned_at = batch.stamp(command.received_at)
    batch.write.learns.append(msgspec.structs.replace(learn, prediction=text, learned_at=learned_at))


def encoded(prediction: Prediction) -> str:
    """Return a prediction that may have changed the model as JSON text; raises `Spoiled`."""
    try:
        return learns.encode_prediction(prediction)
    except ModelRaised as error:
        raise Spoiled(error) from error
