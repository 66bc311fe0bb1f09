"""Muting: alerts of a kind, of one model, are sent nowhere for a time."""

from collections.abc import Collection
from datetime import datetime

from models_app.domain.actors import current_actor
from models_app.domain.texts import sendable
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing
from models_app.services.finding import find, find_row
from monitoring.models import AlertMute
from monitoring.models.alerts import MAX_NAME


def mute(*, name: str, kind: str, until: datetime) -> AlertMute:
    """Send no alerts of a kind until a time; one that there is gives way.

    Raises `ModelNotFound`, `StorageUnavailable`.
    """
    find(name)
    author = sendable(current_actor().name, MAX_NAME - 1)
    with write_transaction():
        row, _ = AlertMute.objects.update_or_create(
            model_id=find_row(name).pk, kind=kind, defaults={"until": until, "author": author}
        )
        auditing.record(action="mute_alerts", model=name, kind=kind, until=until.isoformat())
        return row


def mutes_of(*, name: str, now: datetime) -> list[AlertMute]:
    """Return the mutes of a model that hold, by kind; raises `ModelNotFound`, `StorageUnavailable`."""
    model = find(name)
    with translated_errors():
        return list(AlertMute.objects.filter(model_id=model.pk, until__gt=now).order_by("kind"))


def unmute(*, name: str, kind: str) -> None:
    """Send alerts of a kind again; it is no error where they are not muted.

    Raises `ModelNotFound`, `StorageUnavailable`.
    """
    find(name)
    with write_transaction():
        n, _ = AlertMute.objects.filter(model_id=find_row(name).pk, kind=kind).delete()
        if n:
            auditing.record(action="unmute_alerts", model=name, kind=kind)


def muted(model_ids: Collection[int], *, now: datetime) -> set[tuple[int, str]]:
    """Return the models among these and the kinds of alerts that are sent nowhere now."""
    rows = AlertMute.objects.filter(model_id__in=model_ids, until__gt=now)
    return set(rows.values_list("model_id", "kind"))


def discard_ended(*, now: datetime) -> None:
    """Delete mutes that hold no more; raises `StorageUnavailable`."""
    ended = AlertMute.objects.filter(until__lte=now)
    with translated_errors():
        if not ended.exists():
            return
    with write_transaction():
        ended.delete()
