"""Giving up on pending predictions whose ground truth will not come."""

import time
from datetime import datetime

from django.db.models import QuerySet

from models_app.models import PendingPrediction, ServedModel
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing
from models_app.services.auditing import Tally

#: In the audit trail.
DISCARD = "discard_predictions"

# Some 20 ms of writing.
_AT_A_TIME = 2_000
# Who waits for SQLite's write lock in another process looks again every 100 ms at the latest. Without a pause
# of that length between two pieces a server would hardly ever get a turn.
_PAUSE_SECONDS = 0.1


def prune_predictions(*, before: datetime) -> int:
    """Delete what was predicted before a time and is still pending; return how many there were.

    They go in pieces, each durable by itself, so that predictions and learns go on meanwhile; after
    `StorageUnavailable` some are gone and some are not.
    """
    with translated_errors():
        model_ids = list(ServedModel.objects.values_list("pk", flat=True))
    tally = Tally(action=DISCARD, before=before.isoformat())
    # One model at a time, since that is how the index leads to the oldest.
    for model_id in model_ids:
        of_model = PendingPrediction.objects.filter(model_id=model_id, predicted_at__lt=before)
        _delete_in_pieces(of_model, tally)
    return tally.n


def discard_predictions(*, predictions: QuerySet[PendingPrediction], until: datetime) -> int:
    """Delete some of the pending predictions, those made later than `until` excepted; return how many.

    The time keeps this from chasing after what is predicted meanwhile. For the rest see `prune_predictions`.
    """
    tally = Tally(action=DISCARD)
    _delete_in_pieces(predictions.filter(predicted_at__lte=until), tally)
    return tally.n


def discard_prediction(*, prediction: PendingPrediction) -> None:
    """Delete a pending prediction, within a transaction, unless its id was predicted again meanwhile."""
    as_read = PendingPrediction.objects.filter(pk=prediction.pk, token=prediction.token)
    n_deleted, _ = as_read.delete()
    auditing.record(action=DISCARD, n=n_deleted)


def _delete_in_pieces(predictions: QuerySet[PendingPrediction], tally: Tally) -> None:
    # One statement chooses and deletes: an id that is predicted again in between is a new prediction.
    piece = predictions.order_by("predicted_at").values("pk")[:_AT_A_TIME]
    while True:
        with write_transaction():
            n_now, _ = PendingPrediction.objects.filter(pk__in=piece).delete()
            tally.count(n_now)
        if n_now < _AT_A_TIME:
            return
        time.sleep(_PAUSE_SECONDS)
