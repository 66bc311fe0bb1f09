"""Panels of the admin: how the instance does, how a model does, and the drift that was found."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from models_app.admin.links import Link
from models_app.admin.of_models import list_url
from models_app.admin.panels import Panel
from models_app.models.transactions import translated_errors
from models_app.paradigms.registry import FLAVORS
from models_app.services.configuring import flavor_name
from models_app.services.counting import flavors_served
from models_app.services.finding import Served
from monitoring.history.reading import instance_rates
from monitoring.models import DriftAlert, DriftPlan

_ALERTS = 5


def _activity() -> dict[str, Any]:
    with translated_errors():
        alerts = list(_newest(DriftAlert.objects.select_related("model")))
    links = [
        Link("Dashboard", reverse("overview")),
        Link("Compare models", reverse("compare")),
        Link("All drift alerts", reverse("admin:monitoring_driftalert_changelist")),
    ]
    return {"flavors": _flavors(), "rates": instance_rates(), "alerts": alerts, "links": links}


def _doing(model: Served) -> dict[str, Any]:
    with translated_errors():
        alerts = list(_newest(DriftAlert.objects.filter(model_id=model.pk)))
        plan = DriftPlan.objects.filter(model_id=model.pk).first()
    links = [
        Link("Page of the dashboard", reverse("model-page", args=[model.name])),
        Link("All drift alerts", list_url(DriftAlert, model.pk)),
        Link("What is watched", plan_url(model, plan)),
    ]
    flavors = {model.flavor: model.paradigm.headline}
    return {"model": model, "flavors": flavors, "alerts": alerts, "links": links}


def _flavors() -> dict[str, str]:
    """Return the headlines of the flavors that there are metrics of, by their names, the instance's first."""
    own, served = flavor_name(), flavors_served()
    names = [*([own] if own else []), *(name for name in FLAVORS if name in served and name != own)]
    return {name: FLAVORS[name].headline for name in names}


def _newest(alerts: QuerySet[DriftAlert]) -> QuerySet[DriftAlert]:
    return alerts.order_by("-pk")[:_ALERTS]


def plan_url(model: Served, plan: DriftPlan | None) -> str:
    """Return where the admin has what is watched of a model."""
    if plan is None:
        return f"{reverse('admin:monitoring_driftplan_add')}?model={model.pk}"
    return reverse("admin:monitoring_driftplan_change", args=[plan.pk])


ACTIVITY = Panel(
    template="admin/monitoring/panel.html", permission="monitoring.view_metricsnapshot", context=_activity
)
DOING = Panel(
    template="admin/monitoring/panel.html", permission="monitoring.view_metricsnapshot", context=_doing
)
