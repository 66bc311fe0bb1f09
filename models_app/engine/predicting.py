"""Predictions of a batch."""

from typing import TYPE_CHECKING

from models_app.domain import features, learns
from models_app.domain.intervals import surrounded
from models_app.domain.predictions import Prediction
from models_app.engine import members
from models_app.engine.awaited import new_token
from models_app.engine.commands import Predict, PredictInDetail
from models_app.engine.ports import Pending, Predicted
from models_app.engine.recording import encoded, record_prediction
from models_app.paradigms import options
from models_app.paradigms.options import Details

if TYPE_CHECKING:
    from models_app.engine.batches import Batch

#: The name of the model that predicted, the prediction, and what else there is to say of it.
Predicting = tuple[str, Prediction] | tuple[str, Prediction, Details]


def predict(batch: "Batch", command: Predict) -> Predicting:
    """Predict, and keep what a ground truth may come for; raises what the model's own prediction raises."""
    hot, asks = batch.hot, False
    # Asked once: whoever withdraws it may change it at any moment.
    prediction_id = command.prediction_id
    if command.has_members or not hot.is_plain:
        members.take(command, hot.flavor)
        asks = hot.flavor.asks
    if hot.contract is not None:
        hot.check_features(command.x)
    prediction = hot.predict(command.x)
    if asks:
        # Before anything is kept: it may raise.
        asks_now = hot.asks(command.text, prediction_id, prediction)
    batch.write.n_predictions += 1
    batch.write.last_predicted_at = command.received_at
    if prediction_id is not None:
        batch.write.predicted[prediction_id] = Pending(
            prediction_id=prediction_id,
            model_id=batch.state.model_id,
            model_name=batch.state.name,
            token=new_token(),
            features=command.text.decode(),
            prediction=learns.encode_prediction(prediction) if hot.is_plain else encoded(prediction),
            predicted_at=max(command.received_at, batch.hot.learned_at),
            flavor=batch.state.flavor,
            owner=None if command.lease is None else command.lease.owner,
        )
    if not hot.is_plain:
        if hot.flavor.records(prediction_id):
            record_prediction(batch, command, prediction_id, prediction)
        prediction = hot.flavor.shown(prediction)
    if batch.wants_events:
        text = features.as_asked(command.text)
        batch.events.append(
            Predicted(
                model=batch.state.name,
                features=text,
                prediction=prediction,
                flavor=batch.state.flavor,
                features_kept=batch.state.features_kept,
            )
        )
    if asks:
        return batch.state.name, prediction, {options.ASK: asks_now}
    return batch.state.name, prediction


def predict_in_detail(batch: "Batch", command: PredictInDetail) -> tuple[str, Prediction, Details]:
    """Predict, and say what else was asked for; raises what `predict` raises, and `InvalidRequest`."""
    # First: what is refused must leave nothing pending.
    options.check(batch.hot.flavor, command.options)
    if command.has_members:
        members.take(command, batch.hot.flavor)
    if batch.hot.contract is not None:
        batch.hot.check_features(command.x)
    details = batch.hot.details(command.text, [name for name in command.options if name != options.ASK])
    name, prediction, *own = predict(batch, command)
    if options.INTERVAL in details and command.prediction_id is not None:
        # To be scored by it, too.
        batch.awaited.replace(
            command.prediction_id,
            surrounded(prediction, details[options.INTERVAL]),  # type: ignore[arg-type]
        )
    if own:
        details |= own[0]
    elif options.ASK in command.options:
        details[options.ASK] = options.is_worth_asking(prediction)
    return name, prediction, details
