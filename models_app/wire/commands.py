"""From the parts of a request to what it asks of the engine."""

from models_app.domain import features
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.domain.names import can_be_stored
from models_app.domain.names import prediction_id as canonical_id
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import LearnById, LearnFeatures, Predict
from models_app.paradigms import recommendation
from models_app.paradigms.base import AT
from models_app.wire.asking import asked_with


def predict_command(
    *,
    features_json: bytes | None,
    prediction_id: int | str | None,
    model: str | None,
    now: float,
    members: dict[str, object] | None = None,
) -> Predict:
    """Return the command to predict; its answer is the name of the model that did, and its prediction.

    With an id, the features and the prediction are kept, durably, until the ground truth comes; an id that is
    pending is replaced. `now` is in seconds since the epoch. `members`: all that the model is asked with,
    where that is more than features, or something else. Models of some flavors are asked with nothing.

    Raises `InvalidRequest`; the engine `ModelNotFound`, `NoDefaultModel`, `ModelRaised`,
    `StorageUnavailable`.
    """
    if model is not None:
        _check_name(model)
    stored_as = None if prediction_id is None else canonical_id(prediction_id)
    if members is None and features_json is not None:
        return Predict(model, features_json, features.read(features_json), stored_as, now)
    command = Predict(model, *asked_with(members or {}), stored_as, now)
    command.has_members = True
    return command


def learn_command(  # noqa: PLR0913  # as many as a record has fields
    *,
    ground_truth: GroundTruth,
    prediction_id: int | str | None,
    features_json: bytes | None,
    model: str | None,
    now: float,
    members: dict[str, object] | None = None,
) -> LearnById | LearnFeatures:
    """Return the command to learn from a ground truth, durably; its answer is the model's seq afterwards.

    Models of some flavors learn without a ground truth: None; of some from nothing else.

    With an id, what was predicted under it is scored and learned from, by the model that predicted it, and is
    pending no more. Another model that is named learns from the same features, and its own prediction, made
    then, is scored. Of a ranking, `item` among the members is the one that was taken, and a ground truth its
    rating. Without an id, the features are predicted, scored and learned from. `now` is in seconds
    since the epoch.

    Raises `InvalidRequest`; the engine `NoFeatures`, `PredictionNotPending`, `InvalidGroundTruth`,
    `ModelNotFound`, `NoDefaultModel`, `ModelRaised`, `StorageUnavailable`; then nothing has changed.
    """
    if model is not None:
        _check_name(model)
    if prediction_id is not None:
        if members is not None and AT in members:
            raise InvalidRequest({AT: ["not with an id: it goes with the prediction"]})
        if members is not None and recommendation.ITEM in members and recommendation.USER not in members:
            # Of a ranking: which item was taken. With a user it is what was asked, once more.
            ground_truth = recommendation.truth_of_taken(members[recommendation.ITEM], ground_truth)
        return LearnById(model, canonical_id(prediction_id), ground_truth, now)
    if members is None and features_json is not None:
        return LearnFeatures(model, features_json, features.read(features_json), ground_truth, now)
    command = LearnFeatures(model, *asked_with(members or {}), ground_truth, now)
    command.has_members = True
    return command


def _check_name(model: str) -> None:
    # Some databases fail at a null character instead of finding nothing.
    if not can_be_stored(model):
        raise ModelNotFound(model)
