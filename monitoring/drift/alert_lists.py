"""Reading the alerts."""

from django.db.models import Count

from models_app.models.transactions import translated_errors
from models_app.services import configuring
from models_app.services.finding import find
from monitoring.drift.formats import alert_fields
from monitoring.models import DriftAlert


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


def alert_counts() -> dict[tuple[str, str], int]:
    """Return how many alerts there are, by the model's name and kind; raises `StorageUnavailable`."""
    with translated_errors():
        counted = DriftAlert.objects.order_by().values("model__name", "kind").annotate(n=Count("pk"))
        return {(row["model__name"], row["kind"]): row["n"] for row in counted}
