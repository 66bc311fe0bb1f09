"""Records of an earlier generation's journal, learned again."""

from typing import TYPE_CHECKING

import msgspec

from models_app.domain.errors import NotReplayable
from models_app.engine.commands import LearnAgain
from models_app.engine.ports import Replayed
from models_app.engine.recording import record_again
from models_app.engine.relearning import predicted_anew

if TYPE_CHECKING:
    from models_app.engine.batches import Batch


def learn_again(batch: "Batch", command: LearnAgain) -> int:
    """Let the model learn a record again; return its seq. Raises `NotReplayable`, `Spoiled` and others."""
    hot, target, after_seq = batch.hot, command.target, command.seq - 1
    if target.generation != batch.state.generation:
        raise NotReplayable(f"'{batch.state.name}' was replaced or rolled back meanwhile.")
    replayed = batch.write.replayed.setdefault(target.replay_id, Replayed(after_seq=after_seq))
    if replayed.seq != after_seq:
        raise NotReplayable(f"Somebody else lets '{batch.state.name}' learn the same again.")
    if command.learn.ground_truth is None and hot.flavor.records_predictions:
        record_again(batch, command)
    else:
        _learn(batch, command)
    replayed.seq = command.seq
    return hot.seq


def _learn(batch: "Batch", command: LearnAgain) -> None:
    hot, flavor = batch.hot, batch.hot.flavor
    y_true = flavor.ground_truth(command.ground_truth)
    if command.target.scores_answers:
        learn = command.learn
        hot.predict_again(learn)
    else:
        learn = predicted_anew(hot, command.learn)
    y_pred = learn.y_pred()
    x = flavor.taught(hot.read(learn.features), y_pred)
    only_scores = flavor.scores_late and y_true is not None and learn.predicted_at is not None
    batch.learn(x, y_true, y_pred, only_scores=only_scores)
    learned_at = batch.stamp(command.received_at, learn.predicted_at)
    batch.record(msgspec.structs.replace(learn, learned_at=learned_at), y_pred)
