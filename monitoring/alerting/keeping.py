"""What becomes of alerts: opened, acknowledged, resolved, each with a line of their history."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from models_app.domain.actors import SERVER, current_actor
from models_app.domain.errors import AlertNotFound
from models_app.domain.texts import sendable
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing
from monitoring.alerting.mutes import muted
from monitoring.drift.formats import webhook_message
from monitoring.models import AlertEntry, DriftAlert
from monitoring.models.alerts import MAX_NAME
from monitoring.webhook import outbox
from monitoring.webhook.configuring import configured_target

OPENED, ACKNOWLEDGED, RESOLVED = "opened", "acknowledged", "resolved"


def find_alert(alert_id: int) -> DriftAlert:
    """Return an alert with its model; raises `AlertNotFound`, `StorageUnavailable`."""
    with translated_errors():
        found = DriftAlert.objects.select_related("model").filter(pk=alert_id).first()
    if found is None:
        raise AlertNotFound(alert_id)
    return found


def note_opened(alerts: Sequence[DriftAlert], *, now: datetime) -> None:
    """Have alerts that were just inserted be sent, unless they are muted; within their transaction."""
    if not alerts:
        return
    quiet = muted({alert.model_id for alert in alerts}, now=now)
    for alert in alerts:
        alert.is_muted = (alert.model_id, alert.kind) in quiet
    ids = [alert.pk for alert in alerts if alert.is_muted]
    if ids:
        DriftAlert.objects.filter(pk__in=ids).update(is_muted=True)
    _remember(alerts, now=now, action=OPENED, actor=SERVER.name)
    _send(alerts, OPENED, now)


def acknowledge(*, alert_id: int, note: str, now: datetime) -> DriftAlert:
    """Write down that somebody has seen an alert, and what they say of it.

    Again, where it was acknowledged before: the history keeps both. Returns the alert as it is then. Raises
    `AlertNotFound`, `StorageUnavailable`.
    """
    by = sendable(current_actor().name, MAX_NAME - 1)
    with write_transaction():
        alert = find_alert(alert_id)
        alert.acknowledged_at, alert.acknowledged_by, alert.note = now, by, note
        alert.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
        AlertEntry.objects.create(alert=alert, time=now, actor=by, action=ACKNOWLEDGED, text=note)
        auditing.record(action="acknowledge_alert", model=alert.model.name, id=alert.pk, kind=alert.kind)
    return alert


def resolve(causes: Mapping[int, str], *, now: datetime) -> list[DriftAlert]:
    """Resolve alerts, each by its primary key with what has ended it; return those that were not yet.

    Raises `StorageUnavailable`.
    """
    if not causes:
        return []
    with write_transaction():
        return resolve_within(causes, now=now)


def resolve_within(causes: Mapping[int, str], *, now: datetime) -> list[DriftAlert]:
    """Do so within a transaction."""
    rows = DriftAlert.objects.unresolved().select_related("model").filter(pk__in=causes).order_by("pk")
    # To claim is to count: another process may be about to do the same.
    alerts = [alert for alert in rows if _close(alert, causes[alert.pk], now)]
    _remember(alerts, now=now, action=RESOLVED, actor=SERVER.name)
    _send(alerts, RESOLVED, now)
    return alerts


def _close(alert: DriftAlert, cause: str, now: datetime) -> bool:
    alert.resolved_at, alert.resolution = now, cause[:MAX_NAME]
    rows = DriftAlert.objects.unresolved().filter(pk=alert.pk)
    return bool(rows.update(resolved_at=now, resolution=alert.resolution))


def _remember(alerts: Iterable[DriftAlert], *, now: datetime, action: str, actor: str) -> None:
    AlertEntry.objects.bulk_create(
        AlertEntry(alert=alert, time=now, actor=actor, action=action, text=alert.resolution)
        for alert in alerts
    )


def _send(alerts: Sequence[DriftAlert], event: str, now: datetime) -> None:
    """Have the webhook hear of those that are not muted."""
    if configured_target() is None or not alerts:
        return
    quiet = muted({alert.model_id for alert in alerts}, now=now)
    loud = [alert for alert in alerts if not alert.is_muted and (alert.model_id, alert.kind) not in quiet]
    outbox.put([webhook_message(alert, event) for alert in loud], now=now)
