"""The page that shows several models side by side."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.domain.names import can_be_stored
from models_app.domain.windows import SIZE
from models_app.models.transactions import translated_errors
from models_app.services.configuring import flavor_name
from models_app.services.finding import Served, find_last_used, find_named
from monitoring.models import MetricSnapshot
from monitoring.pages.overview import base_url

MAX_MODELS = 8
# Those used last, to choose from; any other can be named in the address.
_OFFERED = 500

#: A metric's name, and for each model its value over the last learns and since the upload.
Row = tuple[str, list[tuple[float | None, float | None]]]


@never_cache
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Show the metrics of the models in the query (`?model=a&model=b`) in one chart and one table."""
    with translated_errors():
        wanted = list(dict.fromkeys(request.GET.getlist("model")))
        compared = find_named([name for name in wanted if can_be_stored(name)])[:MAX_MODELS]
        rows = _rows([_newest_sample(model) for model in compared])
    offered = {model.name: model for model in [*find_last_used(_OFFERED), *compared]}
    context = {
        "models": [offered[name] for name in sorted(offered)],
        "flavor": flavor_name(),
        "has_several_flavors": len({model.flavor for model in offered.values()}) > 1,
        "chosen": [model.name for model in compared],
        "compared": compared,
        "rows": rows,
        "window": SIZE,
        "headline": next((model.paradigm.headline for model in compared), ""),
        "max_models": MAX_MODELS,
        "base_url": base_url(request),
    }
    return render(request, "monitoring/compare.html", context)


def _newest_sample(model: Served) -> MetricSnapshot | None:
    samples = MetricSnapshot.objects.filter(model_id=model.pk, generation=model.generation)
    return samples.order_by("-time").first()


def _rows(samples: Sequence[MetricSnapshot | None]) -> list[Row]:
    names = dict.fromkeys(name for sample in samples if sample for name in sample.values)
    return [(name, [_cell(sample, name) for sample in samples]) for name in names]


def _cell(sample: MetricSnapshot | None, name: str) -> tuple[float | None, float | None]:
    # Before the first learn metrics say 0, which is no finding.
    if sample is None or sample.seq == 0:
        return None, None
    return sample.rolling.get(name), sample.values.get(name)
