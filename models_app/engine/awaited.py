"""Predictions that await their ground truth, as one batch sees them."""

import os
import random

import msgspec

from models_app.domain import learns
from models_app.domain.predictions import Prediction
from models_app.engine.commands import LearnById
from models_app.engine.ports import ModelState, Pending, Write

_TOKEN_BITS = 62
# Not the process's generator, which a model may seed: a token must never come again.
_tokens = random.Random()  # noqa: S311  # no secret
os.register_at_fork(after_in_child=_tokens.seed)


def new_token() -> int:
    """Return a token that no other pending prediction has."""
    return _tokens.getrandbits(_TOKEN_BITS)


class Elsewhere(Exception):
    """Another model is to learn it: the one that predicted the id, or the one that the request names."""

    def __init__(self, name: str) -> None:
        self.name = name


class Awaited:
    """What is `stored`, of any model, for the ids of a batch, and what the batch itself has predicted."""

    __slots__ = ("_stored", "_write")

    def __init__(self, stored: dict[str, Pending], write: Write) -> None:
        self._stored = stored
        self._write = write

    def find(self, command: LearnById, state: ModelState) -> Pending | None:
        """Return the prediction that a truth is for, None where there is none; raises `Elsewhere`."""
        pending = self.under(command.prediction_id)
        if pending is None:
            return None
        if command.name is None and pending.model_id != state.model_id:
            raise Elsewhere(pending.model_name)
        if command.name is not None and command.name != state.name:
            raise Elsewhere(command.name)
        return pending

    def under(self, prediction_id: str) -> Pending | None:
        """Return what is pending under an id, of whichever model."""
        return self._write.predicted.get(prediction_id) or self._stored.get(prediction_id)

    def forget(self, prediction_id: str) -> None:
        """Have it await nothing any more."""
        # A prediction of this very batch has no row yet; one that it replaced still has.
        self._write.predicted.pop(prediction_id, None)
        stored = self._stored.pop(prediction_id, None)
        if stored is not None:
            self._write.claimed.append(stored)

    def replace(self, prediction_id: str, prediction: Prediction) -> None:
        """Keep another form of a prediction that was just made; raises `ModelRaised`."""
        text = learns.encode_prediction(prediction)
        pending = self._write.predicted[prediction_id]
        self._write.predicted[prediction_id] = msgspec.structs.replace(pending, prediction=text)

    def keep_learned(self, pending: Pending) -> None:
        """Have it await what is true, though the model has learned."""
        self._write.predicted[pending.prediction_id] = msgspec.structs.replace(
            pending, token=new_token(), is_learned=True
        )
