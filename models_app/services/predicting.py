"""Predicting and learning through the engine."""

from collections.abc import Sequence

from models_app.domain import features
from models_app.domain.errors import NoFeatures
from models_app.domain.names import prediction_id as canonical_id
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import Command, LearnById, LearnFeatures, Predict
from models_app.services.runtime import get_engine


async def predict(
    *, features_json: bytes, prediction_id: int | str | None, model: str | None, now: float
) -> tuple[str, Prediction]:
    """Return the name of the model that predicted, and its prediction.

    With an id, the features and the prediction are kept, durably, until the ground truth comes; an id that is
    pending is replaced. `now` is in seconds since the epoch.

    Raises `InvalidRequest`, `ModelNotFound`, `NoDefaultModel`, `ModelRaised`, `StorageUnavailable`.
    """
    command = predict_command(features_json=features_json, prediction_id=prediction_id, model=model, now=now)
    answer = command.answered_in_loop()
    get_engine().submit(command)
    name, prediction = await answer
    return name, prediction


async def learn(
    *,
    ground_truth: GroundTruth,
    prediction_id: int | str | None,
    features_json: bytes | None,
    model: str | None,
    now: float,
) -> int:
    """Let a model learn from a ground truth, durably; return its seq afterwards.

    With an id, what was predicted under it is scored and learned from, by the model that predicted it, and is
    pending no more. Without, the features are predicted, scored and learned from. `now` is in seconds since
    the epoch.

    Raises `PredictionNotPending`, `NoFeatures`, `InvalidRequest`, `InvalidGroundTruth`, `ModelNotFound`,
    `NoDefaultModel`, `ModelRaised`, `StorageUnavailable`; then nothing has changed.
    """
    command = learn_command(
        ground_truth=ground_truth,
        prediction_id=prediction_id,
        features_json=features_json,
        model=model,
        now=now,
    )
    answer = command.answered_in_loop()
    get_engine().submit(command)
    seq: int = await answer
    return seq


def predict_command(
    *, features_json: bytes, prediction_id: int | str | None, model: str | None, now: float
) -> Predict:
    """Return what `predict` asks of the engine; raises `InvalidRequest`."""
    x = features.decode(features_json)
    stored_as = None if prediction_id is None else canonical_id(prediction_id)
    return Predict(model, features_json, x, stored_as, now)


def learn_command(
    *,
    ground_truth: GroundTruth,
    prediction_id: int | str | None,
    features_json: bytes | None,
    model: str | None,
    now: float,
) -> LearnById | LearnFeatures:
    """Return what `learn` asks of the engine; raises `InvalidRequest`, `NoFeatures`."""
    if prediction_id is not None:
        return LearnById(model, canonical_id(prediction_id), ground_truth, now)
    if features_json is None:
        raise NoFeatures
    return LearnFeatures(model, features_json, features.decode(features_json), ground_truth, now)


def submit(commands: Sequence[Command]) -> None:
    """Give commands to the engine at once, in their order; raises `ServerStopping`."""
    get_engine().submit_many(commands)
