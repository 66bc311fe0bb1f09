"""Tracing with OpenTelemetry, where it is asked for; until then, nothing of it is imported."""

import logging
from collections.abc import Mapping

from web.observing import Observer

logger = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Say whether the variables that OpenTelemetry defines ask for traces.

    >>> is_wanted({}), is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    (False, True)
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    return exporters != "none" and any((exporters, *(environ.get(name) for name in _ENDPOINTS)))


def start(environ: Mapping[str, str]) -> Observer | None:
    """Return who makes spans of requests; None where nobody has asked for it, or the packages are missing."""
    if not is_wanted(environ):
        return None
    try:
        from web import spans
    except ImportError as error:
        logger.warning(
            "OTEL_* asks for traces, but OpenTelemetry cannot be imported (requirements-otel.txt): %s", error
        )
        return None
    return spans.start(environ)
