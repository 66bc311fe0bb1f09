"""The page at `/`: what the instance is doing, now and from now on."""

from collections import Counter
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.domain.specs.printing import printed
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.spec_examples import EXAMPLES
from models_app.services.configuring import flavor_name
from models_app.services.counting import model_count
from models_app.services.measuring import metrics_by_flavor
from monitoring.pages.rows import MAX_ROWS, Row, overview_rows
from monitoring.statuses.rules import STATUSES


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show flavor, metrics and served models; the page's scripts keep them up to date."""
    flavor = flavor_name()
    rows = sorted(overview_rows(), key=lambda row: row.verdict.rank)
    counts = Counter(row.verdict.status for row in rows)
    context = {
        "flavor": flavor,
        "flavors": list(FLAVORS),
        "metrics": metrics_by_flavor(),
        "headline": _common_headline(rows),
        "rows": rows,
        "n_models": model_count() if len(rows) == MAX_ROWS else len(rows),
        "statuses": [(status, counts[status]) for status in STATUSES if counts[status]],
        "n_learns": sum(row.n_learns for row in rows),
        "example_truth": _example_truth(flavor, rows),
        "example_spec": _example_spec(flavor),
        "base_url": base_url(request),
    }
    return render(request, "monitoring/overview.html", context)


def _common_headline(rows: Sequence[Row]) -> str | None:
    """Return the metric that the list shows of all its models; None: they have several."""
    found = {row.headline for row in rows}
    return found.pop() if len(found) == 1 else None


def _example_truth(flavor: str | None, rows: Sequence[Row]) -> str:
    """Return a ground truth for the model that answers when a request names none."""
    default = next((row.flavor for row in rows if row.is_default), flavor)
    return FLAVORS[default].example_truth if default in FLAVORS else "1"


def _example_spec(flavor: str | None) -> str:
    """Return a specification of the flavor; empty where there is none."""
    return next((printed(example.spec) for example in EXAMPLES if example.flavor == flavor), "")


def base_url(request: HttpRequest) -> str:
    """Return the address under which the client reaches the server."""
    return request.build_absolute_uri("/").rstrip("/")
