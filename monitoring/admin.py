"""Call statistics, metrics over time and drift in the admin."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from models_app.admin import rendering
from models_app.admin.filters import ModelFilter, is_chosen
from models_app.admin.of_models import OfModelAdmin
from models_app.admin.read_only import ReadOnlyAdmin
from monitoring.drift import formats, planning
from monitoring.drift.forms import DriftPlanForm
from monitoring.drift.watches import ALERT_KINDS, DEFAULT_PLAN
from monitoring.durations import humanize
from monitoring.models import AlertDelivery, CallStatistics, DriftAlert, DriftPlan, MetricSnapshot
from monitoring.statuses.admin import ModelThresholdsAdmin

__all__ = ["ModelThresholdsAdmin"]


@admin.register(CallStatistics)
class CallStatisticsAdmin(ReadOnlyAdmin[CallStatistics]):
    """Read-only: the numbers are measured."""

    list_display = ("route", "n_calls", "mean_duration", "ewm_duration", "updated_at")
    fields = list_display
    readonly_fields = list_display

    @admin.display(description="mean duration", ordering="mean_ns")
    def mean_duration(self, row: CallStatistics) -> str:
        """Return the mean of all calls."""
        return humanize(round(row.mean_ns))

    @admin.display(description="recent duration (EWM)", ordering="ewm_ns")
    def ewm_duration(self, row: CallStatistics) -> str:
        """Return the exponentially weighted mean."""
        return humanize(round(row.ewm_ns))


@admin.register(MetricSnapshot)
class MetricSnapshotAdmin(OfModelAdmin[MetricSnapshot]):
    """Metrics over time, the newest first."""

    list_display = (
        "time", "model_link", "learns", "metrics_cell", "rolling_cell", "predictions", "generation",
    )  # fmt: skip
    fields = ("time", "model_link", "generation", "learns", "predictions", "metrics", "rolling_metrics")
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sort along an index."""
        return ("-time", "-pk") if is_chosen(request) else ("-pk",)

    @admin.display(description="learns")
    def learns(self, row: MetricSnapshot) -> str:
        """Return how often it had learned."""
        return f"{row.seq:,}"

    @admin.display(description="predictions")
    def predictions(self, row: MetricSnapshot) -> str:
        """Return how often it had predicted."""
        return f"{row.n_predictions:,}"

    @admin.display(description="metrics")
    def metrics_cell(self, row: MetricSnapshot) -> str:
        """Return the metrics, for the list."""
        return rendering.metrics_cell(row.values)

    @admin.display(description="over the last learns")
    def rolling_cell(self, row: MetricSnapshot) -> str:
        """Return the metrics over the last learns, for the list."""
        return rendering.metrics_cell(row.rolling) if row.rolling else rendering.NOTHING

    @admin.display(description="metrics")
    def metrics(self, row: MetricSnapshot) -> str:
        """Return the metrics."""
        return rendering.metrics(row.values)

    @admin.display(description="over the last learns")
    def rolling_metrics(self, row: MetricSnapshot) -> str:
        """Return the metrics over the last learns."""
        return rendering.metrics(row.rolling)


class KindFilter(admin.SimpleListFilter):
    """Alerts of one kind. Django's own filter would look through the whole table for what kinds there are."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Iterable[tuple[str, str]]:
        """Offer the kinds that there are."""
        return [(kind, kind) for kind in ALERT_KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the alerts of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(DriftAlert)
class DriftAlertAdmin(OfModelAdmin[DriftAlert]):
    """Alerts of the detectors, the newest first."""

    list_display = ("time", "model_link", "kind", "source", "learn", "detector", "shown_value")
    list_filter = (ModelFilter, KindFilter)
    fields = ("time", "model", "generation", "kind", "source", "learn", "detector", "shown_value")
    readonly_fields = fields

    @admin.display(description="learn")
    def learn(self, row: DriftAlert) -> str:
        """Return the learn that revealed it."""
        return f"{row.seq:,}"

    @admin.display(description="value", empty_value=rendering.NOTHING)
    def shown_value(self, row: DriftAlert) -> float | None:
        """Return the detector's number, where that is shown."""
        return formats.shown_value(row)


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(ReadOnlyAdmin[AlertDelivery]):
    """Deliveries of alerts to the webhook, the newest first."""

    list_display = (
        "created_at", "kind", "state", "n_attempts", "next_attempt_at", "delivered_at", "last_error",
    )  # fmt: skip
    fields = ("message_id", *list_display, "shown_body")
    readonly_fields = fields
    # By the primary key, which is an index.
    ordering = ("-pk",)

    @admin.display(description="body")
    def shown_body(self, row: AlertDelivery) -> str:
        """Return the message, without the number of a feature that is not shown any more."""
        return formats.shown_message(row.body)

    @admin.display(description="alert")
    def kind(self, row: AlertDelivery) -> str:
        """Return what the message says, in short."""
        alert = json.loads(row.body)["data"]
        return f"{alert['kind']} of {alert['source']} in {alert['model']} at {alert['seq']:,}"


@admin.register(DriftPlan)
class DriftPlanAdmin(admin.ModelAdmin[DriftPlan]):
    """Drift plans of models, where they are not the default."""

    form = DriftPlanForm
    list_display = ("model", "is_on", "detector", "parameters", "watches_prediction", "watches_features")
    list_select_related = ("model",)
    autocomplete_fields = ("model",)

    def save_model(self, request: HttpRequest, obj: DriftPlan, form: Any, change: bool) -> None:
        """Write the plan down, and who has made it."""
        planning.record_plan(obj.model.name, obj.plan() if obj.is_on else None)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: DriftPlan) -> None:
        """Have the default watch again."""
        planning.record_plan(obj.model.name, DEFAULT_PLAN)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DriftPlan]) -> None:
        """Have the default watch again."""
        for plan in queryset.select_related("model"):
            planning.record_plan(plan.model.name, DEFAULT_PLAN)
        super().delete_queryset(request, queryset)
