"""The tables of monitoring, one noun a file."""

from monitoring.models.alerts import AlertEntry, AlertMute, DriftAlert
from monitoring.models.calls import CallStatistics
from monitoring.models.deliveries import AlertDelivery
from monitoring.models.notes import Note
from monitoring.models.plans import DriftPlan
from monitoring.models.samples import MetricSnapshot
from monitoring.models.states import DriftState
from monitoring.models.thresholds import MetricLimit, ModelThresholds

__all__ = [
    "AlertDelivery",
    "AlertEntry",
    "AlertMute",
    "CallStatistics",
    "DriftAlert",
    "DriftPlan",
    "DriftState",
    "MetricLimit",
    "MetricSnapshot",
    "ModelThresholds",
    "Note",
]
