"""Learns of a batch, one by one."""

from typing import TYPE_CHECKING

import msgspec

from models_app.domain import features, learns
from models_app.domain.errors import PredictionNotPending
from models_app.domain.features import Features
from models_app.domain.learns import Learn
from models_app.domain.scoring import GroundTruth
from models_app.engine import members
from models_app.engine.commands import LearnById, LearnFeatures
from models_app.engine.ports import Pending

if TYPE_CHECKING:
    from models_app.engine.batches import Batch


def learn_by_id(batch: "Batch", command: LearnById) -> int:
    """Learn from the features of a prediction; return the seq. Raises `PredictionNotPending` and others."""
    pending = _find_pending(batch, command)
    if pending.model_id != batch.state.model_id:
        return _learn_of_another(batch, command, pending)
    if pending.flavor != batch.state.flavor:
        # A model of another flavor had the name, and what it had pending is gone with it.
        raise PredictionNotPending(command.prediction_id)
    flavor = batch.hot.flavor
    y_true = batch.hot.ground_truth(command.ground_truth)
    if y_true is None and pending.is_learned:
        raise PredictionNotPending(command.prediction_id)
    y_pred = learns.decode_prediction(pending.prediction)
    x = flavor.taught(batch.hot.read(pending.features), y_pred)
    if flavor.takes:
        batch.check_fit(x, y_true)
    batch.learn(x, y_true, y_pred, only_scores=y_true is not None and flavor.scores_late)
    batch.awaited.forget(command.prediction_id)
    if y_true is None and flavor.scores_late:
        # What is true may come yet.
        batch.awaited.keep_learned(pending)
    batch.record(
        Learn(
            prediction_id=command.prediction_id,
            features=msgspec.Raw(pending.features),
            prediction=msgspec.Raw(pending.prediction),
            ground_truth=y_true,
            predicted_at=pending.predicted_at,
            learned_at=batch.stamp(command.received_at, pending.predicted_at),
        ),
        y_pred,
    )
    return batch.hot.seq


def _learn_of_another(batch: "Batch", command: LearnById, pending: Pending) -> int:
    """Learn from the features that another model had; what is scored is predicted now."""
    y_true = batch.hot.ground_truth(command.ground_truth)
    text = members.text_for(batch.hot.flavor, pending)
    # The model may write to what it predicts from.
    x = batch.hot.read(text)
    if batch.hot.contract is not None:
        batch.hot.check_features(x)
    batch.check_fit(x, y_true)
    y_pred = batch.hot.expected(x)
    batch.learn(batch.hot.read(text), y_true, y_pred)
    batch.awaited.forget(command.prediction_id)
    batch.record(
        Learn(
            prediction_id=command.prediction_id,
            features=msgspec.Raw(text),
            prediction=msgspec.Raw(learns.encode_prediction(y_pred)),
            ground_truth=y_true,
            predicted_at=None,
            learned_at=batch.stamp(command.received_at),
        ),
        y_pred,
    )
    return batch.hot.seq


def learn_features(batch: "Batch", command: LearnFeatures) -> int:
    """Learn from the features that came along, and return the seq; raises what predicting them raises."""
    hot = batch.hot
    if command.has_members or not hot.is_plain:
        members.take(command, hot.flavor)
    if hot.contract is not None:
        hot.check_features(command.x)
    y_true = hot.ground_truth(command.ground_truth)
    if not hot.is_plain:
        batch.check_fit(command.x, y_true)
    # The model may write to what it predicts from.
    is_timed = hot.flavor.clock is not None
    x = hot.read(command.text) if is_timed else features.copied(command.x, command.text)
    if batch.postpones:
        return _learn_and_write_later(batch, command, x, y_true)
    y_pred = hot.predict(command.x) if hot.is_plain else hot.expected(command.x)
    # Before the model changes: it may have predicted what cannot be kept.
    prediction = learns.encode_prediction(y_pred)
    batch.learn(x, y_true, y_pred)
    batch.record(
        Learn(
            prediction_id=None,
            features=msgspec.Raw(command.text),
            prediction=msgspec.Raw(prediction),
            ground_truth=y_true,
            predicted_at=None,
            learned_at=batch.stamp(command.received_at),
        ),
        y_pred,
    )
    return batch.hot.seq


def _learn_and_write_later(batch: "Batch", command: LearnFeatures, x: Features, y_true: GroundTruth) -> int:
    hot = batch.hot
    y_pred = hot.predict(command.x)
    batch.learn(x, y_true, y_pred)
    batch.late.add(command, y_true, y_pred, batch.stamp(command.received_at))
    if batch.wants_events:
        batch.tell_learned(command.text, y_pred, y_true)
    return hot.seq


def _find_pending(batch: "Batch", command: LearnById) -> Pending:
    pending = batch.awaited.find(command, batch.state)
    if pending is None:
        if command.ground_truth is None:
            # Where one is needed, that is the first thing to say.
            batch.hot.flavor.ground_truth(None)
        raise PredictionNotPending(command.prediction_id)
    return pending
