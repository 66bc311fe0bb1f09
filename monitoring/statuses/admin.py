"""Choosing from where on a model is not well, in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from models_app.domain.scoring import name_of
from models_app.paradigms.registry import FLAVORS
from models_app.services import auditing
from models_app.services.finding import in_query
from monitoring.models import MetricLimit, MetricSnapshot, ModelThresholds


class LimitsForm(forms.models.BaseInlineFormSet[MetricLimit, ModelThresholds, forms.ModelForm[MetricLimit]]):
    """Limits for metrics that the model has."""

    def clean(self) -> None:
        """Refuse a metric that the model does not have: it would never be missed."""
        super().clean()
        known = _metrics_of(self.instance)
        for form in self.forms:
            metric = form.cleaned_data.get("metric") if form.is_valid() else None
            if metric is not None and metric not in known:
                form.add_error("metric", f"must be one of {', '.join(sorted(known))}")


def _metrics_of(thresholds: ModelThresholds) -> set[str]:
    """Return the metrics of a model: those of its flavor, and those that were chosen for it."""
    # The form has none where the model that was chosen is not there.
    model = in_query([thresholds.model_id]).first()
    if model is None:
        return set()
    newest = MetricSnapshot.objects.filter(model=model, generation=model.generation).order_by("-time").first()
    known = {name_of(metric) for metric in FLAVORS[model.flavor].new_metrics()}
    return known | set(newest.values if newest else ())


class LimitInline(admin.TabularInline[MetricLimit, ModelThresholds]):
    """Limits for recent metrics."""

    model = MetricLimit
    formset = LimitsForm
    extra = 1


@admin.register(ModelThresholds)
class ModelThresholdsAdmin(admin.ModelAdmin[ModelThresholds]):
    """Thresholds of models, where they are not those of the settings."""

    list_display = (
        "model", "limits_cell", "worse_by", "refused_share", "p99_ms", "truths_seconds", "drift_seconds",
        "stuck_seconds",
    )  # fmt: skip
    list_select_related = ("model",)
    fields = (
        "model", "worse_by", "refused_share", "p99_ms", "truths_seconds", "drift_seconds", "stuck_seconds",
    )  # fmt: skip
    autocomplete_fields = ("model",)
    inlines = (LimitInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelThresholds]:
        """Read the limits with them."""
        return super().get_queryset(request).prefetch_related("limits")

    @admin.display(description="limits")
    def limits_cell(self, row: ModelThresholds) -> str:
        """Return the limits for recent metrics."""
        return ", ".join(map(str, row.limits.all()))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write down who has chosen what, within the transaction of Django's own."""
        super().save_related(request, form, formsets, change)
        row = form.instance
        numbers = {name: getattr(row, name) for name in self.fields[1:]}
        auditing.record(
            action="set_thresholds",
            model=row.model.name,
            limits=[str(limit) for limit in MetricLimit.objects.filter(thresholds=row).order_by("pk")],
            **{name: value for name, value in numbers.items() if value is not None},
        )

    def delete_model(self, request: HttpRequest, obj: ModelThresholds) -> None:
        """Have the settings' hold again."""
        auditing.record(action="set_thresholds", model=obj.model.name, limits=[])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ModelThresholds]) -> None:
        """Have the settings' hold again."""
        for row in queryset.select_related("model"):
            auditing.record(action="set_thresholds", model=row.model.name, limits=[])
        super().delete_queryset(request, queryset)
