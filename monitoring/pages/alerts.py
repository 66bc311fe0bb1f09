"""The page of all alerts, and what a model's page shows of those that stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.api import needs
from models_app.api.exceptions import message_of
from models_app.domain.errors import FlavorNotSet, ModelNotFound
from models_app.models.transactions import translated_errors
from monitoring.alerting.kinds import KINDS
from monitoring.alerting.lists import Chosen, Page, list_alerts
from monitoring.drift.alerts import in_words
from monitoring.models import AlertEntry, AlertMute, DriftAlert
from monitoring.models.alerts import STATES

# As many as somebody reads before they choose a model or a kind.
PAGE_SIZE = 50
_MOST_MUTES = 100
_OF_MODEL = 10
#: For how long a kind can be muted here, in seconds.
MUTE_FOR = ((3_600, "an hour"), (8 * 3_600, "8 hours"), (24 * 3_600, "a day"), (7 * 24 * 3_600, "a week"))
_MOST_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert as pages show it, with its history and whether who asks may deal with it."""

    alert: DriftAlert
    words: str
    history: Sequence[AlertEntry]
    may_manage: bool


@never_cache
@require_safe
def alerts_page(request: HttpRequest) -> HttpResponse:
    """Show alerts, the newest first: those that are open, or what the address says."""
    query = request.GET
    state, kind, model = query.get("state", STATES[0]), query.get("kind", ""), query.get("model", "")
    before = query.get("before", "")
    is_number = before.isascii() and before.isdigit() and len(before) < _MOST_DIGITS
    chosen = Chosen(
        model=model or None,
        state=next((each for each in STATES if each == state), None),
        kind=kind if kind in KINDS else None,
        before=int(before) if is_number else None,
    )
    try:
        page = list_alerts(chosen, limit=PAGE_SIZE)
    except FlavorNotSet:
        page = Page(alerts=(), next=None)
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    older = {"state": state, "kind": kind, "model": model, "before": str(page.next)}
    context = {
        "alerts": shown(page.alerts),
        "mutes": mutes_in_force(model or None, now=timezone.now()),
        "state": state,
        "kind": kind,
        "model_name": model,
        "states": STATES,
        "kinds": KINDS,
        "mute_for": MUTE_FOR,
        "older": urlencode(older) if page.next else "",
        "is_first": chosen.before is None,
        "names_model": True,
    }
    return render(request, "monitoring/alerts.html", context)


def standing_alerts(model_id: int, name: str) -> dict[str, Any]:
    """Return what a model's page shows of its alerts that are not resolved."""
    with translated_errors():
        rows = DriftAlert.objects.unresolved().filter(model_id=model_id).select_related("model")
        found = list(rows.order_by("-pk")[: _OF_MODEL + 1])
    return {
        "standing": shown(found[:_OF_MODEL]),
        "has_more_standing": len(found) > _OF_MODEL,
        "mutes": mutes_in_force(name, now=timezone.now()),
        "mute_for": MUTE_FOR,
    }


def shown(alerts: Iterable[DriftAlert]) -> list[Shown]:
    """Return alerts as pages show them."""
    alerts = list(alerts)
    entries = AlertEntry.objects.filter(alert__in=[alert.pk for alert in alerts]).order_by("pk")
    histories: dict[int, list[AlertEntry]] = {}
    with translated_errors():
        for entry in entries:
            histories.setdefault(entry.alert_id, []).append(entry)
    may = {name: needs.may_manage(name) for name in {alert.model.name for alert in alerts}}
    return [
        Shown(alert, in_words(alert), histories.get(alert.pk, []), may[alert.model.name]) for alert in alerts
    ]


def mutes_in_force(name: str | None, *, now: datetime) -> list[tuple[AlertMute, bool]]:
    """Return mutes, of a model or of all, each with whether who asks may end it."""
    rows = AlertMute.objects.filter(until__gt=now).select_related("model")
    if name is not None:
        rows = rows.filter(model__name=name)
    with translated_errors():
        found = list(rows.order_by("model__name", "kind")[:_MOST_MUTES])
    return [(row, needs.may_manage(row.model.name)) for row in found]
