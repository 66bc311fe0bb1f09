"""Forgetting: the records that mention somebody or something are taken out of a model and of all it keeps."""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime

from models_app.domain.errors import StorageUnavailable
from models_app.domain.learns import Learn
from models_app.domain.mentions import Mention, OfId
from models_app.models import AuditEntry, PendingPrediction
from models_app.models.signing import signer
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.services import auditing, hooks
from models_app.services.contracts import changing
from models_app.services.finding import find
from models_app.services.rebuilding import Rebuilt, count_records, rebuild_without
from models_app.services.relearning import LeavesOut
from models_app.services.snapshot_objects import remove_discarded

logger = logging.getLogger(__name__)

#: In the audit trail.
FORGET = "forget"
# A database that is made anew in a moment is, whenever something was forgotten.
_SMALL_BYTES = 64 * 1024 * 1024
# How often it is tried to empty the database's log, and how long after another.
_LOG_ATTEMPTS = 20
_LOG_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What mentions something: records of a model's journal, and predictions that are pending."""

    n_records: int
    n_pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten(Found):
    """The outcome of a forgetting: what was found is gone.

    The model was at learn `left_seq` of `left_generation`, and goes on from learn `seq` of `generation`; they
    are the same where it had learned nothing of it. `receipt` is what the audit trail has of what was asked
    for. `has_traces`: unused parts of the database's file may still hold some of it, until it is made anew,
    or snapshots that are still to be removed from an object store.
    """

    generation: int
    seq: int
    left_generation: int
    left_seq: int
    receipt: str
    has_traces: bool = False


def find_mentions(*, name: str, mention: Mention) -> Found:
    """Return what would be forgotten; raises `ModelNotFound`, `StorageUnavailable`."""
    model_id = find(name).pk
    n_records = count_records(name=name, leaves_out=_leaves_out(mention))
    with translated_errors():
        return Found(n_records=n_records, n_pending=len(_pending(model_id, mention)))


def forget(*, name: str, mention: Mention, now: datetime, rewrites: bool = False) -> Forgotten:
    """Make a model what it would be had it never had the records that mention something.

    They go from its journal, and from its earlier generations; so does what is pending. What mentions it
    after that is taken as ever. The database's file is made anew where it is small, or where that is asked
    for by `rewrites`; nobody can write meanwhile.

    Raises `ModelNotFound`, `ModelNotLoadable`, `StorageUnavailable`, and `NotReplayable` where nobody can say
    what the model would be. Then nothing has changed.
    """
    done: list[Forgotten] = []
    find(name)

    def finish(rebuilt: Rebuilt) -> None:
        pending = _pending(rebuilt.model_id, mention)
        for prediction_id in pending:
            PendingPrediction.objects.filter(pk=prediction_id).delete()
        # Who is forgotten may be the one with the greatest of numbers.
        changing.forget_seen(rebuilt.model_id)
        if rebuilt.first_seqs:
            for listener in hooks.forgettings:
                listener(rebuilt.model_id, rebuilt.first_seqs)
        done.append(_recorded(name, mention, rebuilt, len(pending)))

    rebuild_without(name=name, leaves_out=_leaves_out(mention), now=now, also=finish)
    objects_are_gone = remove_discarded()
    return replace(done[-1], has_traces=not (_leave_no_traces(rewrites=rewrites) and objects_are_gone))


def _leave_no_traces(*, rewrites: bool) -> bool:
    """Have the database's files hold nothing of what was deleted; say whether that is so."""
    storage = get_storage()
    try:
        if not rewrites and storage.size_bytes() > _SMALL_BYTES:
            return False
        storage.rewrite()
        for _ in range(_LOG_ATTEMPTS):
            if storage.empty_log():
                return True
            time.sleep(_LOG_SECONDS)
    except StorageUnavailable as error:
        logger.warning("what was forgotten may still be in the database's files: %s", error)
    return False


class Watcher:
    """Notices what was forgotten, by whatever process, and has it leave this server's memory."""

    def __init__(self) -> None:
        self._last: int | None = None

    def tick(self) -> None:
        """Look what was forgotten since the last time; raises `StorageUnavailable`."""
        entries = AuditEntry.objects.order_by("pk")
        with translated_errors():
            if self._last is None:
                self._last = entries.values_list("pk", flat=True).last() or 0
            found = list(entries.filter(pk__gt=self._last).values_list("pk", "action", "model"))
        for pk, action, model in found:
            if action == FORGET:
                for listener in hooks.forgotten:
                    listener(model)
            self._last = pk


watcher = Watcher()


def _leaves_out(mention: Mention) -> LeavesOut:
    def leaves_out(learn: Learn) -> bool:
        return mention.is_in(learn.prediction_id, learn.features)

    return leaves_out


def _pending(model_id: int, mention: Mention) -> list[str]:
    """Return the ids of what is pending of a model and mentions something."""
    rows = PendingPrediction.objects.filter(model_id=model_id).values_list("prediction_id", "features")
    if isinstance(mention, OfId):
        # Of all that is pending, what the key leads to.
        rows = rows.filter(pk=mention.prediction_id)
    return [prediction_id for prediction_id, text in rows.iterator() if mention.is_in(prediction_id, text)]


def _recorded(name: str, mention: Mention, rebuilt: Rebuilt, n_pending: int) -> Forgotten:
    """Write the receipt, which says nothing of what was forgotten to whoever does not know it."""
    receipt = signer().sign(f"forgotten of {name}", mention.canonical())
    done = Forgotten(
        n_records=rebuilt.n_left_out,
        n_pending=n_pending,
        generation=rebuilt.generation,
        seq=rebuilt.seq,
        left_generation=rebuilt.left_generation,
        left_seq=rebuilt.left_seq,
        receipt=receipt,
    )
    auditing.record(
        action=FORGET,
        model=name,
        by=mention.by,
        n_records=done.n_records,
        n_pending=done.n_pending,
        generation=done.generation,
        seq=done.seq,
        left_generation=done.left_generation,
        left_seq=done.left_seq,
        receipt=receipt,
    )
    return done
