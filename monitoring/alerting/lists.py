"""Reading the alerts."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from models_app.models.transactions import translated_errors
from models_app.services import configuring
from models_app.services.finding import find
from monitoring.models import DriftAlert
from monitoring.models.alerts import State

# Models that a statement names.
_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which alerts to list: all that fit; None: of any.

    `before`: those with smaller ids only.
    """

    model: str | None = None
    state: State | None = None
    kind: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Alerts, the newest first, and `next`: what the next page is before; None: there is none."""

    alerts: Sequence[DriftAlert]
    next: int | None


def list_alerts(chosen: Chosen, *, limit: int) -> Page:
    """Return alerts, at most `limit`, each with its model.

    Raises `FlavorNotSet`, `ModelNotFound`, `StorageUnavailable`.
    """
    configuring.check_set_up()
    with translated_errors():
        alerts = DriftAlert.objects.select_related("model").order_by("-pk")
        if chosen.model is not None:
            alerts = alerts.filter(model_id=find(chosen.model).pk)
        if chosen.state is not None:
            alerts = alerts.in_state(chosen.state)
        if chosen.kind is not None:
            alerts = alerts.filter(kind=chosen.kind)
        if chosen.before is not None:
            alerts = alerts.filter(pk__lt=chosen.before)
        found = list(alerts[: limit + 1])
    return Page(alerts=found[:limit], next=found[limit - 1].pk if len(found) > limit else None)


def alert_counts(names: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return how many alerts each of these models has, by its name and the kind; of those that have any.

    Raises `StorageUnavailable`.
    """
    counted = DriftAlert.objects.order_by().values("model__name", "kind").annotate(n=Count("pk"))
    found: dict[tuple[str, str], int] = {}
    with translated_errors():
        for start in range(0, len(names), _AT_A_TIME):
            some = counted.filter(model__name__in=names[start : start + _AT_A_TIME])
            found |= {(row["model__name"], row["kind"]): row["n"] for row in some}
    return found


def unresolved_counts() -> dict[int, int]:
    """Return how many alerts of each model stand, by its primary key; raises `StorageUnavailable`."""
    with translated_errors():
        counted = DriftAlert.objects.unresolved().order_by().values("model_id").annotate(n=Count("pk"))
        return {row["model_id"]: row["n"] for row in counted}
