"""Reading the alerts."""

from collections.abc import Sequence

from django.db.models import Count

from models_app.models.transactions import translated_errors
from models_app.services import configuring
from models_app.services.finding import find
from monitoring.drift.formats import alert_fields
from monitoring.models import DriftAlert

# Models that a statement names.
_AT_A_TIME = 5_000


def list_alerts(*, model: str | None, before: int | None, limit: int) -> list[dict[str, object]]:
    """Return alerts, the newest first, at most `limit`; `before`: with smaller ids only.

    Raises `FlavorNotSet`, `ModelNotFound`, `StorageUnavailable`.
    """
    configuring.check_set_up()
    with translated_errors():
        alerts = DriftAlert.objects.select_related("model").order_by("-pk")
        if model is not None:
            alerts = alerts.filter(model_id=find(model).pk)
        if before is not None:
            alerts = alerts.filter(pk__lt=before)
        return [alert_fields(alert) for alert in alerts[:limit]]


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
