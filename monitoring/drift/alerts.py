"""Reports of drift: a line in the log, and an event of the stream."""

import logging
from collections.abc import Sequence

from monitoring.drift.formats import alert_json, shown_value
from monitoring.models import DriftAlert
from monitoring.streams.channels import EVENTS
from monitoring.streams.frames import text_event
from monitoring.streams.hub import get_channel

logger = logging.getLogger(__name__)


def report(alerts: Sequence[DriftAlert]) -> None:
    """Report alerts that have just been written down."""
    for alert in alerts:
        logger.warning(
            "%s in '%s': %s says so of %s at learn %d%s",
            alert.kind,
            alert.model.name,
            alert.detector,
            _one_line(alert.source),
            alert.seq,
            "" if (value := shown_value(alert)) is None else f" ({value:.4g})",
        )
    channel = get_channel(EVENTS)
    if channel.wants_events():
        channel.publish(
            [text_event(alert.kind, alert_json(alert), model=alert.model.name) for alert in alerts]
        )


def _one_line(source: str) -> str:
    """Return a source as the log may have it: a feature's name could begin a line of its own."""
    return source if source.isprintable() else repr(source)
