"""Diagnoses of the predictions of the last learns, beyond a metric: residuals, or calibration."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.api.exceptions import message_of
from models_app.domain.errors import ModelNotFound
from models_app.domain.windows import SIZE
from models_app.services.finding import Served, find
from monitoring.pages.diagnoses import diagnosis_of
from monitoring.pages.diagnoses.base import Context, Diagnosis
from monitoring.pages.outcomes import last_outcomes


@never_cache
@require_safe
def diagnostics(request: HttpRequest, name: str) -> HttpResponse:
    """Show residuals or calibration; the model's page takes them from here, and draws them."""
    try:
        model = find(name)
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    fitting = diagnosis_of(model.paradigm)
    found = {"model": model} if fitting is None else diagnosis(model, fitting)
    return render(request, "monitoring/diagnostics.html", found)


def diagnosis(model: Served, fitting: Diagnosis) -> Context:
    """Return what the template says of a model; raises `StorageUnavailable`."""
    paradigm = model.paradigm
    found = fitting.find(last_outcomes(model), paradigm)
    return {
        "model": model,
        "diagnosis": fitting,
        "answers_labels": paradigm.answers_labels,
        "window": SIZE,
        **found,
    }
