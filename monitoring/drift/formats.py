"""Alerts as clients and the webhook get them."""

import json

from monitoring.models import DriftAlert
from monitoring.webhook.outbox import message_body


def alert_fields(alert: DriftAlert) -> dict[str, object]:
    """Return what clients get of an alert; `time` is in seconds since the epoch."""
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "model": alert.model.name,
        "generation": alert.generation,
        "seq": alert.seq,
        "time": alert.time.timestamp(),
        "source": alert.source,
        "detector": alert.detector,
        "value": alert.value,
    }


def alert_json(alert: DriftAlert) -> str:
    """Return the same as JSON."""
    return json.dumps(alert_fields(alert))


def webhook_message(alert: DriftAlert) -> str:
    """Return the message about an alert that goes to the webhook."""
    return message_body(f"alert.{alert.kind}", time=alert.time, data=alert_fields(alert))
