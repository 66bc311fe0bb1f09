"""Alerts as clients and the webhook get them."""

import json

from models_app.services import showing
from monitoring.drift.watches import CONTRACT, FEATURE
from monitoring.models import DriftAlert
from monitoring.webhook.outbox import message_body


def shown_value(alert: DriftAlert) -> float | None:
    """Return the detector's number, unless it is a feature's and the model's are not shown."""
    is_hidden = _is_of_feature(alert.kind, alert.source) and not showing.shows_all(alert.model.features_kept)
    return None if is_hidden else alert.value


def _is_of_feature(kind: str, source: str) -> bool:
    """Say whether an alert's number is made of a feature's values: of a contract it is a count."""
    return kind != CONTRACT and source.startswith(FEATURE)


def alert_fields(alert: DriftAlert) -> dict[str, object]:
    """Return what clients get of an alert; `time` is in seconds since the epoch.

    `value` is None where it is a feature's, and the model's are not shown.
    """
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "model": alert.model.name,
        "generation": alert.generation,
        "seq": alert.seq,
        "time": alert.time.timestamp(),
        "source": alert.source,
        "detector": alert.detector,
        "value": shown_value(alert),
    }


def alert_json(alert: DriftAlert) -> str:
    """Return the same as JSON."""
    return json.dumps(alert_fields(alert))


def webhook_message(alert: DriftAlert) -> str:
    """Return the message about an alert that goes to the webhook."""
    return message_body(f"alert.{alert.kind}", time=alert.time, data=alert_fields(alert))


def shown_message(body: str) -> str:
    """Return a message as it is to be shown: it was made when the model's features may have been, too."""
    message = json.loads(body)
    data = message["data"]
    if _is_of_feature(data["kind"], data["source"]) and data["value"] is not None:
        data["value"] = data["value"] if showing.shows_all_of(data["model"]) else None
    return json.dumps(message)
