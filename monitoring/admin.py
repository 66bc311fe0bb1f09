"""Call statistics, metrics over time and drift in the admin."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from models_app.admin import rendering
from models_app.admin.filters import ModelFilter, is_chosen
from models_app.admin.of_models import OfModelAdmin
from models_app.admin.read_only import ReadOnlyAdmin
from monitoring.alerting import ending, kinds
from monitoring.drift import formats, planning
from monitoring.drift.forms import DriftPlanForm
from monitoring.drift.watches import DEFAULT_PLAN
from monitoring.durations import humanize
from monitoring.models import AlertDelivery, AlertMute, CallStatistics, DriftAlert, DriftPlan, MetricSnapshot
from monitoring.models.alerts import STATES
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
        return [(kind, kind) for kind in kinds.KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the alerts of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    """Alerts that are dealt with so far."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Iterable[tuple[str, str]]:
        """Offer the states."""
        return [(state, state) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the alerts in the chosen state."""
        chosen = next((state for state in STATES if state == self.value()), None)
        return queryset if chosen is None else DriftAlert.objects.in_state(chosen) & queryset


@admin.register(DriftAlert)
class DriftAlertAdmin(OfModelAdmin[DriftAlert]):
    """Alerts, the newest first."""

    list_display = (
        "time", "model_link", "kind", "source", "learn", "detector", "shown_value", "state", "is_muted",
        "acknowledged_by", "note", "resolved_at", "resolution",
    )  # fmt: skip
    list_filter = (ModelFilter, KindFilter, StateFilter)
    fields = (
        "time", "model", "generation", "kind", "source", "learn", "detector", "shown_value", "reason",
        "state", "is_muted", "acknowledged_at", "acknowledged_by", "note", "resolved_at",
        "resolution", "history",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="history")
    def history(self, row: DriftAlert) -> str:
        """Return who did what when, a line each."""
        lines = [
            (f"{entry.time:%Y-%m-%d %H:%M:%S}", entry.action, entry.actor, entry.text)
            for entry in row.history.order_by("pk")
        ]
        return format_html_join(mark_safe("<br>"), "{} {} by {} {}", lines)

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
        said = f"{alert['kind']} of {alert['source']} in {alert['model']} at {alert['seq']:,}"
        return f"{said}, resolved" if alert.get("resolved_at") else said


@admin.register(AlertMute)
class AlertMuteAdmin(ReadOnlyAdmin[AlertMute]):
    """Mutes: which alerts are sent nowhere, until when."""

    list_display = ("model", "kind", "until", "author")
    list_select_related = ("model",)
    fields = list_display
    readonly_fields = fields


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
        ending.end_of_plan(obj.model_id, now=timezone.now())
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: DriftPlan) -> None:
        """Have the default watch again."""
        planning.record_plan(obj.model.name, DEFAULT_PLAN)
        ending.end_of_plan(obj.model_id, now=timezone.now())
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DriftPlan]) -> None:
        """Have the default watch again."""
        for plan in queryset.select_related("model"):
            planning.record_plan(plan.model.name, DEFAULT_PLAN)
            ending.end_of_plan(plan.model_id, now=timezone.now())
        super().delete_queryset(request, queryset)
