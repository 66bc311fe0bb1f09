"""A queue of ground truths that are worth asking for: the least certain pending predictions first."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from models_app.domain import features, learns
from models_app.domain.errors import InvalidRequest
from models_app.domain.names import can_be_stored
from models_app.domain.predictions import Probabilities
from models_app.domain.uncertainty import uncertainty
from models_app.models import PendingPrediction
from models_app.models.transactions import translated_errors
from models_app.services import showing
from models_app.services.finding import Served, find

#: Of what a model has pending, no more than so many are looked at, the newest: to look at all of a million
#: takes seconds, which predictions would wait.
LOOKED_AT = 10_000
MAX_LIMIT = 1_000

# Ascending, it is the order of the queue.
_Key = tuple[float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """A pending prediction; `features` are JSON text, as it is to be shown; `uncertainty` is from 0 to 1."""

    prediction_id: str
    features: str
    prediction: Probabilities
    uncertainty: float
    predicted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A part of a model's queue; `next_place` is for `after`, None at the end.

    `n_looked_at` are the pending predictions that it was made of: all, or the `LOOKED_AT` newest.
    """

    rows: list[Uncertain]
    next_place: str | None
    n_looked_at: int


def least_certain(*, model: str, limit: int, after: str | None = None) -> Queue:
    """Return the least certain of a model's pending predictions, those after a place in the queue.

    Raises `ModelNotFound`, `StorageUnavailable`, and `InvalidRequest` where the model has no probabilities or
    there is no such place.
    """
    found = find(model)
    if not found.paradigm.has_probabilities:
        raise InvalidRequest({"model": [f"has no probabilities, as a model of the flavor '{found.flavor}'"]})
    start = None if after is None else _key(after)
    newest = _newest(found)
    keys = (key for key in _keys(newest) if start is None or key > start)
    # One more, to know whether that is all.
    first = heapq.nsmallest(limit + 1, keys)
    rows = _rows(found, [prediction_id for _, prediction_id in first[:limit]])
    next_place = _place(first[limit - 1]) if len(first) > limit else None
    return Queue(rows=rows, next_place=next_place, n_looked_at=len(newest))


def _newest(model: Served) -> list[tuple[str, str]]:
    """Return the ids and the predictions, as JSON texts, of what was predicted last."""
    pending = PendingPrediction.objects.filter(model_id=model.pk).order_by("-predicted_at")
    with translated_errors():
        return list(pending.values_list("pk", "prediction")[:LOOKED_AT])


def _keys(rows: list[tuple[str, str]]) -> Iterator[_Key]:
    for prediction_id, text in rows:
        prediction = learns.decode_prediction(text)
        # A label alone is left of an upload that had no probabilities.
        if isinstance(prediction, dict):
            yield -uncertainty(prediction), prediction_id


def _rows(model: Served, prediction_ids: list[str]) -> list[Uncertain]:
    """Return the predictions in the order of the ids, without those that are pending no more."""
    with translated_errors():
        # By their ids alone: SQLite would rather go through all that the model has pending.
        rows = list(PendingPrediction.objects.filter(pk__in=prediction_ids))
    found = {
        row.prediction_id: _uncertain(row, model.features_kept) for row in rows if row.model_id == model.pk
    }
    return [found[prediction_id] for prediction_id in prediction_ids if prediction_id in found]


def _uncertain(row: PendingPrediction, features_kept: str) -> Uncertain:
    prediction = learns.decode_prediction(row.prediction)
    # Whatever has taken its place meanwhile: a label alone says nothing of how certain it is.
    shares = prediction if isinstance(prediction, dict) else {}
    return Uncertain(
        prediction_id=row.prediction_id,
        features=showing.shown_text(features.without_moment(row.features.encode()), features_kept).decode(),
        prediction=shares,
        uncertainty=uncertainty(shares),
        predicted_at=row.predicted_at,
    )


def _place(key: _Key) -> str:
    return f"{-key[0]!r}:{key[1]}"


def _key(place: str) -> _Key:
    text, _, prediction_id = place.partition(":")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value <= 1 and prediction_id and can_be_stored(prediction_id)):
        raise InvalidRequest({"after": ["must be the 'next' of an answer"]})
    return -value, prediction_id
