"""The page that shows several models side by side."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.models import ServedModel
from models_app.models.transactions import translated_errors
from monitoring.pages.overview import headline

MAX_MODELS = 8


@never_cache
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Show the metrics of the models in the query (`?model=a&model=b`) in one chart."""
    with translated_errors():
        models = list(ServedModel.objects.order_by("name").values_list("name", "flavor"))
    names = [name for name, _ in models]
    chosen = [name for name in dict.fromkeys(request.GET.getlist("model")) if name in names][:MAX_MODELS]
    flavor = models[0][1] if models else None
    context = {"names": names, "chosen": chosen, "headline": headline(flavor), "max_models": MAX_MODELS}
    return render(request, "monitoring/compare.html", context)
