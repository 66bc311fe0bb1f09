"""Alerts as clients and the webhook get them."""

import json
from datetime import datetime

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
    """Return what clients get of an alert; times are in seconds since the epoch.

    `value` is None where it is a feature's, and the model's are not shown, and of a status.
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
        "reason": alert.reason,
        "state": alert.state,
        "is_muted": alert.is_muted,
        "acknowledged_at": _seconds(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "note": alert.note,
        "resolved_at": _seconds(alert.resolved_at),
        "resolution": alert.resolution,
    }


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def alert_json(alert: DriftAlert) -> str:
    """Return the same as JSON."""
    return json.dumps(alert_fields(alert))


def webhook_message(alert: DriftAlert, event: str) -> str:
    """Return the message to the webhook that an alert was `opened`, or was `resolved`."""
    return message_body(f"alert.{event}", time=alert.resolved_at or alert.time, data=alert_fields(alert))


def shown_message(body: str) -> str:
    """Return a message as it is to be shown: it was made when the model's features may have been, too."""
    message = json.loads(body)
    data = message["data"]
    if _is_of_feature(data["kind"], data["source"]) and data["value"] is not None:
        data["value"] = data["value"] if showing.shows_all_of(data["model"]) else None
    return json.dumps(message)
