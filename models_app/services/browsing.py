"""The records of a model, to be looked at: by id, by number, by time, the newest first."""

import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from models_app.domain import features
from models_app.domain.errors import InvalidRequest
from models_app.domain.learns import Learn, decode_prediction
from models_app.domain.names import can_be_stored
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.journal.browsing import END, Seen, Spot, at_seq, newest_before, spot_after, with_id_before
from models_app.models import PendingPrediction, Snapshot
from models_app.models.transactions import translated_errors
from models_app.services import showing
from models_app.services.finding import Served, find

MAX_LIMIT = 1_000
# Then an answer ends, and the next one goes on. Features may be long, and a journal longer.
_MAX_CHARACTERS = 8 * 1024**2
_MAX_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A snapshot without its bytes, that a model can go back to."""

    pk: int
    generation: int
    seq: int
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it is shown: learn `seq` of a generation; `seq` is None while its ground truth is awaited.

    `features` are JSON text, as they are to be shown: of some flavors all that a model was asked with. Times
    are in seconds since the epoch; `predicted_at` is None where the learn made the prediction. `before` and
    `after` are the nearest snapshots without it and with it, None where none is kept.
    """

    prediction_id: str | None
    features: str
    prediction: Prediction
    predicted_at: float | None
    generation: int | None = None
    seq: int | None = None
    ground_truth: GroundTruth = None
    learned_at: float | None = None
    before: Kept | None = None
    after: Kept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Records, the newest first, and `next_place`: what the next page is before; None: that is all."""

    records: list[Record]
    next_place: str | None


def newest(*, name: str, limit: int, before: str | None = None, until: datetime | None = None) -> Page:
    """Return the last records of a model's journal: before a place, and learned up to a moment.

    Raises `InvalidRequest` where there is no such place, `ModelNotFound`, `StorageUnavailable`.
    """
    model, place = find(name), _place(before)
    if until is not None and place == END:
        place = spot_after(model.pk, until)
    at_most = None if until is None else until.timestamp()
    return _page(model, newest_before(model.pk, place), limit, at_most)


def of_id(*, name: str, prediction_id: str, limit: int, before: str | None = None) -> Page:
    """Return the records of a prediction's id: what awaits its ground truth, then what was learned.

    An id may have been used more than once. After two seconds of looking a page ends, maybe without any.
    Raises what `newest` does.
    """
    model, place = find(name), _place(before)
    if not can_be_stored(prediction_id):
        return Page(records=[], next_place=None)
    page = _page(model, with_id_before(model.pk, place, prediction_id), limit, None)
    pending = _pending(model, prediction_id) if place == END else []
    return Page(records=pending + page.records, next_place=page.next_place)


def of_seq(*, name: str, seq: int) -> Page:
    """Return the records that are a model's learn `seq`, one a generation; raises what `newest` does."""
    model = find(name)
    return Page(records=_records(model, at_seq(model.pk, seq)), next_place=None)


def _place(text: str | None) -> Spot:
    if text is None:
        return END
    try:
        return Spot.read(text)
    except ValueError:
        raise InvalidRequest({"before": ["must be the 'next' of an answer"]}) from None


def _page(model: Served, pieces: Iterator[Seen], limit: int, at_most: float | None) -> Page:
    found: list[tuple[Spot, Learn]] = []
    ends_at, n_characters = time.monotonic() + _MAX_SECONDS, 0
    for piece in pieces:
        found += [each for each in piece.records if at_most is None or each[1].learned_at <= at_most]
        if len(found) > limit:
            return Page(records=_records(model, found[:limit]), next_place=str(found[limit - 1][0]))
        n_characters += piece.n_characters
        if n_characters > _MAX_CHARACTERS or time.monotonic() > ends_at:
            return Page(records=_records(model, found), next_place=str(piece.spot))
    return Page(records=_records(model, found), next_place=None)


def _records(model: Served, found: list[tuple[Spot, Learn]]) -> list[Record]:
    kept = _snapshots(model) if found else []
    spots = [Spot(each.generation, each.seq) for each in kept]
    records = []
    for spot, learn in found:
        number = bisect_left(spots, spot)
        around = [
            kept[at] if 0 <= at < len(kept) and kept[at].generation == spot.generation else None
            for at in (number - 1, number)
        ]
        records.append(
            Record(
                generation=spot.generation,
                seq=spot.seq,
                prediction_id=learn.prediction_id,
                features=_shown(model, bytes(learn.features)),
                prediction=_predicted(model, learn.y_pred()),
                ground_truth=learn.y_true(),
                predicted_at=learn.predicted_at,
                learned_at=learn.learned_at,
                before=around[0],
                after=around[1],
            )
        )
    return records


def _snapshots(model: Served) -> list[Kept]:
    """Return what is kept of a model, in order."""
    rows = Snapshot.objects.filter(model_id=model.pk).order_by("generation", "seq")
    with translated_errors():
        values = list(rows.values_list("pk", "generation", "seq", "taken_at"))
    return [Kept(pk=pk, generation=generation, seq=seq, taken_at=at) for pk, generation, seq, at in values]


def _pending(model: Served, prediction_id: str) -> list[Record]:
    with translated_errors():
        row = PendingPrediction.objects.filter(pk=prediction_id, model_id=model.pk).first()
    if row is None:
        return []
    return [
        Record(
            prediction_id=row.prediction_id,
            features=_shown(model, row.features.encode()),
            prediction=_predicted(model, decode_prediction(row.prediction)),
            predicted_at=row.predicted_at.timestamp(),
        )
    ]


def _shown(model: Served, text: bytes) -> str:
    return showing.shown_text(features.without_moment(text), model.features_kept).decode()


def _predicted(model: Served, prediction: Prediction) -> Prediction:
    return showing.shown_prediction(prediction, model.features_kept, model.paradigm)
