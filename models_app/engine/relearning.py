"""Records of the journal, learned by a model that lacks some of those before them."""

import msgspec

from models_app.domain import learns
from models_app.domain.intervals import IntervalPrediction
from models_app.domain.learns import Learn
from models_app.engine.hot import HotModel


def relearn(hot: HotModel, learn: Learn) -> Learn:
    """Let a model learn a record, within `drawing`; return the record as it is now.

    A prediction that was answered stays as it was: a client has it, and a bandit's arm was pulled. One that
    the learn itself has made, to be scored, is made anew by the model as it is.

    Raises `ModelRaised`, `Spoiled`.
    """
    is_record = learn.ground_truth is None and hot.flavor.records_predictions
    if is_record or learn.predicted_at is not None:
        hot.replay(learn)
        return learn
    learn = predicted_anew(hot, learn)
    y_pred = learn.y_pred()
    x = hot.flavor.taught(hot.read(learn.features), y_pred)
    hot.learn(x, learn.y_true(), y_pred)
    hot.learned_at = max(hot.learned_at, learn.learned_at)
    return learn


def predicted_anew(hot: HotModel, learn: Learn) -> Learn:
    """Return a record with what the model predicts of it now; raises `ModelRaised`, `Spoiled`."""
    y_pred = learn.y_pred()
    expected = hot.expected(hot.flavor.taught(hot.read(learn.features), y_pred))
    if isinstance(y_pred, IntervalPrediction):
        # As it was asked then.
        expected = hot.with_interval(bytes(learn.features), expected)
    prediction = learns.encode_prediction(expected)
    return msgspec.structs.replace(learn, prediction=msgspec.Raw(prediction), predicted_at=None)
