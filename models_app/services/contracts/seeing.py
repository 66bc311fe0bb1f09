"""Seeing the features that models are asked with: from the journal, and from what is pending."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from operator import itemgetter

from django.db.models import OuterRef, QuerySet

from models_app.domain import contract_schemas, features, seen_features
from models_app.domain.contracts import Contract, Fault
from models_app.domain.learns import Learn
from models_app.domain.seen_features import Seen
from models_app.journal.positions import Place
from models_app.journal.reading import segments_after
from models_app.models import FeatureContract, FeaturesSeen, PendingPrediction
from models_app.models.transactions import translated_errors
from models_app.services.finding import Served, find_generation
from models_app.services.generations import first_seq

#: Learns of a model that are looked at at a time, the newest: more would cost who learns.
MAX_LEARNS = 2_000
_MAX_PENDING = 1_000
_MAX_FAULTS = 50
# A prediction may be kept that much later than one that came after it.
_SLACK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A fault that was not told of before, in the features of learn `seq` or of a prediction after it."""

    fault: Fault
    seq: int
    at: float


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a model's features were seen.

    `is_kept`: it was written down. `ids` are the predictions that were seen last.
    """

    generation: int
    seq: int
    predicted_at: float
    seen: Seen
    is_kept: bool = False
    ids: set[str] = field(default_factory=set)


def load(model: Served) -> Progress:
    """Return how far a model's features were seen; raises `StorageUnavailable`.

    A rollback changes nothing of what was seen; an upload begins anew.
    """
    with translated_errors():
        row = FeaturesSeen.objects.filter(model_id=model.pk).first()
    if row is None:
        begun_at = first_seq(model_id=model.pk, generation=model.generation)
        return Progress(generation=model.generation, seq=begun_at, predicted_at=0.0, seen=Seen())
    seq = row.seq
    if row.generation != model.generation:
        seq = first_seq(model_id=model.pk, generation=model.generation)
    return Progress(
        generation=model.generation,
        seq=seq,
        predicted_at=row.predicted_at,
        seen=seen_features.decode(row.seen),
        is_kept=True,
    )


def settled() -> QuerySet[FeaturesSeen]:
    """Return the rows that say of a model, in a query about models, that all it has learned was seen."""
    return FeaturesSeen.objects.filter(
        model_id=OuterRef("pk"), generation=OuterRef("generation"), seq__gte=OuterRef("seq")
    )


def save(model_id: int, progress: Progress) -> bool:
    """Write down how far it is, within a transaction.

    Return whether it was: not where another generation is served, or where what was seen is to be forgotten.
    """
    rows = FeaturesSeen.objects.filter(model_id=model_id)
    if find_generation(model_id, progress.generation) is None or (progress.is_kept and not rows.exists()):
        return False
    values = {
        "generation": progress.generation,
        "seq": progress.seq,
        "predicted_at": progress.predicted_at,
        "seen": seen_features.encode(progress.seen),
        "breaches": dict(progress.seen.breaches),
    }
    FeaturesSeen.objects.update_or_create(model_id=model_id, defaults=values)
    progress.is_kept = True
    return True


def frozen_contract(row: FeatureContract | None) -> Contract | None:
    """Return the contract of a model that was frozen; None: what was seen is the contract."""
    return contract_schemas.read(row.schema) if row is not None and row.is_frozen else None


def see(model: Served, progress: Progress, frozen: Contract | None) -> list[Found]:
    """See what has come since; return the faults to tell of. Raises `StorageUnavailable`.

    They are faults by the frozen contract, or by what was seen before.
    """
    found: list[Found] = []
    contract = frozen or _seen_contract(progress.seen)
    for at, seq, asked in _asked(model, progress):
        for _, x in asked:
            faults = [] if contract is None else list(islice(contract.faults(x), _MAX_FAULTS))
            told = [fault for fault in faults if progress.seen.breached(fault)]
            found += [Found(fault=fault, seq=seq, at=at) for fault in told]
            progress.seen.see(x)
            if frozen is None and (faults or contract is None):
                contract = _seen_contract(progress.seen)
    return found


def _seen_contract(seen: Seen) -> Contract | None:
    return seen.contract() if seen.stands else None


# When it was, the learn, and what was asked with.
_Asked = tuple[float, int, Sequence[tuple[str, object]]]


def _asked(model: Served, progress: Progress) -> Iterator[_Asked]:
    """Yield what the model was asked with, in the order of time; then `progress` is behind it."""
    # The column has whole microseconds, and may have been rounded down.
    seen_until = progress.predicted_at + 2e-6
    # First what is pending: it may be learned meanwhile, and is in the journal then.
    pending = () if model.paradigm.records_predictions else _pending(model, progress)
    return merge(pending, _learned(model, progress, seen_until), key=itemgetter(0))


def _learned(model: Served, progress: Progress, seen_until: float) -> Iterator[_Asked]:
    paradigm = model.paradigm
    for seq, learn in _learns(model, progress):
        # What was learned by its id was seen when it was predicted.
        is_seen = learn.predicted_at is not None and (
            paradigm.records_predictions or learn.predicted_at <= seen_until
        )
        if not is_seen:
            yield learn.learned_at, seq, paradigm.feature_objects(learn.x())


def _learns(model: Served, progress: Progress) -> Iterator[tuple[int, Learn]]:
    place = Place(model.pk, progress.generation, progress.seq)
    if model.seq - place.seq > MAX_LEARNS:
        progress.seen.n_skipped += model.seq - MAX_LEARNS - place.seq
        place = place.at(model.seq - MAX_LEARNS)
    if model.seq <= place.seq:
        return
    for segment in segments_after(place, until_seq=model.seq):
        yield from enumerate(segment.learns, start=segment.first_seq)
        progress.seq = segment.last_seq
    progress.seq = max(progress.seq, model.seq)


def _pending(model: Served, progress: Progress) -> Iterator[_Asked]:
    if model.last_predicted_at is None or model.last_predicted_at.timestamp() < progress.predicted_at:
        return
    slack = _SLACK_SECONDS if progress.ids else 0.0
    since = datetime.fromtimestamp(max(0.0, progress.predicted_at - slack), UTC)
    rows = PendingPrediction.objects.filter(model_id=model.pk, predicted_at__gt=since)
    with translated_errors():
        newest_first = rows.order_by("-predicted_at").values_list("predicted_at", "pk", "features")
        found = list(newest_first[:_MAX_PENDING])
    for at, prediction_id, text in reversed(found):
        if prediction_id not in progress.ids:
            yield at.timestamp(), model.seq, model.paradigm.feature_objects(features.decode(text))
    if found:
        progress.predicted_at = found[0][0].timestamp()
        least = progress.predicted_at - _SLACK_SECONDS
        progress.ids = {prediction_id for at, prediction_id, _ in found if at.timestamp() >= least}
