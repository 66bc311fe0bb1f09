"""The page at `/`: what the instance is doing, now and from now on."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.domain.errors import FlavorNotSet
from models_app.paradigms.registry import FLAVORS
from models_app.services.configuring import get_flavor
from models_app.services.measuring import instance_metrics
from monitoring.pages.rows import overview_rows


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show flavor, metrics and served models; the page's scripts keep them up to date."""
    flavor = flavor_name()
    rows = overview_rows(headline(flavor))
    context = {
        "flavor": flavor,
        "flavors": list(FLAVORS),
        "metrics": _metrics(),
        "headline": headline(flavor),
        "rows": rows,
        "n_learns": sum(row.n_learns for row in rows),
        "example_truth": FLAVORS[flavor].example_truth if flavor in FLAVORS else "1",
        "base_url": base_url(request),
    }
    return render(request, "monitoring/overview.html", context)


def headline(flavor: str | None) -> str:
    """Return the metric that a list has room for: the flavor's first."""
    return FLAVORS[flavor].headline if flavor in FLAVORS else "metric"


def base_url(request: HttpRequest) -> str:
    """Return the address under which the client reaches the server."""
    return request.build_absolute_uri("/").rstrip("/")


def flavor_name() -> str | None:
    """Return the instance's flavor; None: none has been set."""
    try:
        return get_flavor().name
    except FlavorNotSet:
        return None


def _metrics() -> Mapping[str, float | None]:
    try:
        return instance_metrics()
    except FlavorNotSet:
        return {}
