"""Storing of what was seen of features, with the alerts about it, in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime

from models_app.domain import contract_schemas
from models_app.domain.contracts import Fault, shortened
from models_app.models.transactions import write_transaction
from models_app.services.contracts import changing, seeing
from models_app.services.contracts.seeing import Found, Progress
from monitoring.alerting.keeping import note_opened
from monitoring.drift.watches import CONTRACT, FEATURE
from monitoring.models import DriftAlert

#: The source of an alert about the features as a whole.
_WHOLE = "features"


def save(model_id: int, progress: Progress, found: Sequence[Found]) -> list[DriftAlert] | None:
    """Write down how far features were seen, and what was found; return the alerts that are new.

    None: the model was deleted or replaced, or has to forget what was seen. Raises `StorageUnavailable`. In
    both cases nothing is written.
    """
    with write_transaction():
        if not seeing.save(model_id, progress):
            return None
        if progress.seen.stands:
            changing.follow_seen(model_id, contract_schemas.write(progress.seen.contract()))
        alerts = [alert for each in found if (alert := _put(model_id, progress, each)) is not None]
        for alert in alerts:
            # As it is now: it may be deleted before the alerts are reported.
            alert.model = alerts[0].model
        note_opened(alerts, now=datetime.now(UTC))
        return alerts


def _put(model_id: int, progress: Progress, found: Found) -> DriftAlert | None:
    """Insert an alert; None: it was there, from before a crash."""
    alert, is_new = DriftAlert.objects.get_or_create(
        model_id=model_id,
        generation=progress.generation,
        seq=found.seq,
        source=FEATURE + shortened(found.fault.feature) if found.fault.feature else _WHOLE,
        kind=CONTRACT,
        detector=_in_words(found.fault),
        defaults={"time": datetime.fromtimestamp(found.at, UTC), "value": progress.seen.n},
    )
    return alert if is_new else None


def _in_words(fault: Fault) -> str:
    """Return what is wrong with a feature, in a few words.

    >>> _in_words(Fault("area", "kind", "string", "must be number, not string"))
    'not of its kind: string'
    """
    match fault.breach:
        case "new":
            return f"new: {fault.came}"
        case "kind":
            return f"not of its kind: {fault.came}"
        case "missing":
            return "missing"
    return "out of range"
