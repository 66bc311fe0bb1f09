"""The page at `/`: what the instance is doing, now and from now on."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.domain.errors import FlavorNotSet
from models_app.domain.flavors import FLAVORS
from models_app.services.configuring import get_flavor
from models_app.services.listing import list_models
from models_app.services.measuring import instance_metrics

#: What the page's example commands send, as JSON.
EXAMPLE_TRUTHS = {"regression": "2.5", "binary": "true", "multiclass": '"cat"'}


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show flavor, metrics and served models; the page's scripts keep them up to date."""
    flavor = _flavor_name()
    models = list_models()
    context = {
        "flavor": flavor,
        "flavors": list(FLAVORS),
        "metrics": _metrics(),
        "models": models,
        "n_learns": sum(model.n_learns for model in models),
        "example_truth": EXAMPLE_TRUTHS.get(flavor or "", "1"),
        "base_url": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "monitoring/dashboard.html", context)


def _flavor_name() -> str | None:
    try:
        return get_flavor().name
    except FlavorNotSet:
        return None


def _metrics() -> Mapping[str, float | None]:
    try:
        return instance_metrics()
    except FlavorNotSet:
        return {}
