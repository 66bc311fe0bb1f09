"""Storing of drift: plans, how far the detectors are, alerts."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from django.db.models import OuterRef, QuerySet

from models_app.domain.errors import ModelNotLoadable
from models_app.journal import keeping
from models_app.journal.keeping import Sealed
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services.finding import Served, find_generation
from models_app.services.generations import first_seq
from monitoring.alerting.keeping import note_opened
from monitoring.drift.watches import Finding, Plan, Watch
from monitoring.models import AlertMute, DriftAlert, DriftPlan, DriftState
from monitoring.webhook import outbox

# Models that a statement names.
_AT_A_TIME = 5_000


def plans(model_ids: Collection[int]) -> dict[int, Plan | None]:
    """Return what is watched of these models, where it is not the default; None: nothing is.

    Raises `StorageUnavailable`.
    """
    found: dict[int, Plan | None] = {}
    ids = list(model_ids)
    with translated_errors():
        for start in range(0, len(ids), _AT_A_TIME):
            for row in DriftPlan.objects.filter(model_id__in=ids[start : start + _AT_A_TIME]):
                found[row.model_id] = row.plan() if row.is_on else None
    return found


def settled() -> QuerySet[DriftState]:
    """Return the states that say of a model, in a query about models, that all it has learned was seen."""
    return DriftState.objects.filter(
        model_id=OuterRef("pk"), generation=OuterRef("generation"), seq=OuterRef("seq")
    )


def load(model: Served, plan: Plan) -> Watch:
    """Return a model's watch as it was saved; a fresh one where there is none for this generation and plan.

    A watch begins with the first learn of the upload, or after a rollback. Where the plan has been changed it
    begins with the next.
    """
    with translated_errors():
        row = DriftState.objects.filter(model_id=model.pk).first()
    if row is None or row.generation != model.generation:
        return Watch(plan, seq=first_seq(model_id=model.pk, generation=model.generation))
    data = bytes(row.watch_bytes)
    try:
        watch: Watch = keeping.unseal(data, row.signature, _context(model.pk, row.generation, row.seq))
    except ModelNotLoadable:
        # Another secret key, or another River: the detectors begin anew.
        return Watch(plan, seq=model.seq)
    return watch if watch.plan == plan else Watch(plan, seq=model.seq)


def save(
    model_id: int, generation: int, watch: Watch, found: Sequence[tuple[Finding, float]]
) -> list[DriftAlert]:
    """Write down what was found and how far the watch is; return the alerts that are new.

    Raises `StorageUnavailable`; then nothing is written.
    """
    data, signature = keeping.seal(watch, _context(model_id, generation, watch.seq))
    state = {"generation": generation, "seq": watch.seq, "watch_bytes": data, "signature": signature}
    with write_transaction():
        model = find_generation(model_id, generation)
        if model is None:
            # Deleted or replaced meanwhile.
            return []
        DriftState.objects.update_or_create(model_id=model.pk, defaults=state)
        alerts = [alert for finding, at in found if (alert := _put(model, watch, finding, at)) is not None]
        for alert in alerts:
            # As it is now: it may be deleted before the alerts are reported.
            alert.model = alerts[0].model
        note_opened(alerts, now=datetime.now(UTC))
        return alerts


def _put(model: Served, watch: Watch, finding: Finding, at: float) -> DriftAlert | None:
    """Insert an alert; None: it was there, from before a crash."""
    alert, is_new = DriftAlert.objects.get_or_create(
        model_id=model.pk,
        generation=model.generation,
        seq=finding.seq,
        source=finding.source,
        kind=finding.kind,
        defaults={
            "time": datetime.fromtimestamp(at, UTC),
            "detector": watch.plan.detector,
            "value": finding.value,
        },
    )
    return alert if is_new else None


def sealed() -> Iterator[Sealed]:
    """Yield what is stored of detectors, to be signed anew."""
    for row in DriftState.objects.select_related("model"):
        yield _stored(row)


def _stored(row: DriftState) -> Sealed:
    rows = DriftState.objects.filter(pk=row.pk, signature=row.signature)
    context = _context(row.model_id, row.generation, row.seq)
    return Sealed(
        what=f"what detects drift of '{row.model.name}'",
        signature=row.signature,
        sign=lambda: keeping.sealed_anew(bytes(row.watch_bytes), row.signature, context),
        replace=lambda new: rows.update(signature=new),
    )


def erase() -> None:
    """Delete everything; to be called within a transaction."""
    outbox.erase()
    for table in (DriftAlert, AlertMute, DriftState, DriftPlan):
        table._default_manager.all().delete()


def _context(model_id: int, generation: int, seq: int) -> str:
    # Detectors of another River may not work with what this one has pickled.
    return f"drift of model {model_id}, generation {generation}, at {seq}, River {version('river')}"
