"""The page at `/`: what the instance is doing, now and from now on."""

from collections import Counter
from collections.abc import Sequence

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.api.needs import may_manage_some
from models_app.domain.specs.printing import printed
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.spec_examples import EXAMPLES
from models_app.services.configuring import flavor_name
from models_app.services.counting import model_count
from models_app.services.measuring import metrics_by_flavor
from monitoring.pages.choosing import ORDERS, PAGE_ROWS, Choice
from monitoring.pages.rows import MAX_ROWS, Row, overview_rows
from monitoring.statuses.explaining import explained
from monitoring.statuses.rules import STATUSES
from monitoring.statuses.thresholds import from_settings


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show flavor, metrics and served models; the page's scripts keep them up to date."""
    flavor = flavor_name()
    rows = overview_rows()
    choice = Choice.of(request.GET)
    found = choice.found(rows)
    chosen = choice.chosen(found)
    pages = Paginator(chosen, PAGE_ROWS)
    page = pages.get_page(choice.page)
    context = {
        "flavor": flavor,
        "flavors": list(FLAVORS),
        "metrics": metrics_by_flavor(),
        "headline": _common_headline(rows),
        "rows": rows,
        "page": page,
        "choice": choice,
        "heads": {key: choice.head(key) for key in ORDERS},
        "earlier": choice.address(page=page.number - 1),
        "later": choice.address(page=page.number + 1),
        "is_whole": pages.num_pages == 1 and len(chosen) == len(rows),
        "used_flavors": sorted({row.flavor for row in rows}),
        "n_models": model_count() if len(rows) == MAX_ROWS else len(rows),
        "n_found": len(found),
        "all_statuses": choice.address(status="", page=1),
        "statuses": _statuses(choice, found),
        "rules": explained(from_settings()),
        "n_learns": sum(row.n_learns for row in rows),
        "example_truth": _example_truth(flavor, rows),
        "example_spec": _example_spec(flavor),
        "may_upload": may_manage_some(),
        "base_url": base_url(request),
    }
    return render(request, "monitoring/overview.html", context)


def _statuses(choice: Choice, rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    """Return the statuses that there are, how many of each, and the addresses that show these alone."""
    counts = Counter(row.verdict.status for row in rows)
    return [
        (status, counts[status], choice.address(status=status, page=1))
        for status in STATUSES
        if counts[status] or status == choice.status
    ]


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
