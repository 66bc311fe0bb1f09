"""Reports of alerts: a line in the log, and an event of the stream."""

import logging
from collections.abc import Iterable, Sequence

from monitoring.drift.formats import alert_json, shown_value
from monitoring.drift.watches import CONTRACT
from monitoring.models import DriftAlert
from monitoring.models.alerts import STATUS
from monitoring.streams.channels import EVENTS
from monitoring.streams.frames import text_event
from monitoring.streams.hub import get_channel

logger = logging.getLogger(__name__)

#: The event that an alert is resolved.
RESOLVED = "resolved"


def report(alerts: Sequence[DriftAlert]) -> None:
    """Report alerts that have just been written down."""
    for alert in alerts:
        logger.warning("%s in '%s': %s", alert.kind, alert.model.name, in_words(alert))
    _publish((STATUS if alert.source == STATUS else alert.kind, alert) for alert in alerts)


def report_resolved(alerts: Sequence[DriftAlert]) -> None:
    """Report alerts whose end has just been written down."""
    for alert in alerts:
        logger.info(
            "%s in '%s' is over (alert %d): %s", alert.kind, alert.model.name, alert.pk, alert.resolution
        )
    _publish((RESOLVED, alert) for alert in alerts)


def _publish(events: Iterable[tuple[str, DriftAlert]]) -> None:
    channel = get_channel(EVENTS)
    if channel.wants_events():
        found = [text_event(kind, alert_json(alert), model=alert.model.name) for kind, alert in events]
        channel.publish(found)


def in_words(alert: DriftAlert) -> str:
    """Return what an alert says, in one line."""
    if alert.source == STATUS:
        return alert.reason
    source = _one_line(alert.source)
    if alert.kind == CONTRACT:
        return f"{source}: {alert.detector}, at learn {alert.seq}"
    value = shown_value(alert)
    shown = "" if value is None else f" ({value:.4g})"
    return f"{alert.detector} says so of {source} at learn {alert.seq}{shown}"


def _one_line(source: str) -> str:
    """Return a source as the log may have it: a feature's name could begin a line of its own."""
    return source if source.isprintable() else repr(source)
