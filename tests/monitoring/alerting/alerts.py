"""Alerts for tests."""

from datetime import datetime

from django.utils import timezone

from models_app.models.transactions import write_transaction
from models_app.services.finding import find
from monitoring.alerting.keeping import note_opened
from monitoring.models import DriftAlert


def opened(name: str = "m", *, now: datetime | None = None, **fields: object) -> DriftAlert:
    """Open an alert as a detector does."""
    model, now = find(name), now or timezone.now()
    values = {"kind": "drift", "source": "error", "detector": "ADWIN", "seq": 1, "value": 0.5, **fields}
    with write_transaction():
        values.setdefault("generation", model.generation)
        alert = DriftAlert.objects.create(model_id=model.pk, time=now, **values)
        note_opened([alert], now=now)
    return alert
