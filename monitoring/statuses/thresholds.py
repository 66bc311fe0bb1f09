"""The thresholds in force: those of the settings, and a model's own."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.conf import settings

from models_app.services.finding import in_query
from monitoring.models import MetricLimit, ModelThresholds
from monitoring.statuses.rules import DEFAULTS, Limit, Thresholds

_SETTINGS = (
    ("stuck_seconds", "STATUS_STUCK_SECONDS"),
    ("worse_by", "STATUS_WORSE_BY"),
    ("refused_share", "STATUS_REFUSED_SHARE"),
    ("p99_ms", "STATUS_P99_MS"),
    ("truths_seconds", "STATUS_TRUTHS_SECONDS"),
    ("drift_seconds", "STATUS_DRIFT_SECONDS"),
)


def from_settings() -> Thresholds:
    """Return those of the settings."""
    return replace(DEFAULTS, **{field: _or_never(getattr(settings, name)) for field, name in _SETTINGS})


def thresholds_of(pks: Collection[int]) -> dict[int, Thresholds]:
    """Return those of the models that have some of their own, by primary key."""
    rows = ModelThresholds.objects.filter(model__in=in_query(pks)).prefetch_related("limits")
    return {row.model_id: _merged(row) for row in rows}


def _merged(row: ModelThresholds) -> Thresholds:
    own = {field: _or_never(value) for field, _ in _SETTINGS if (value := getattr(row, field)) is not None}
    return replace(from_settings(), **own, limits=tuple(_limit(limit) for limit in row.limits.all()))


def _or_never(value: float) -> Any:
    return value or None


def _limit(row: MetricLimit) -> Limit:
    return Limit(metric=row.metric, is_lowest=row.is_lowest, value=row.value)
