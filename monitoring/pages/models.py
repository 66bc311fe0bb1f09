"""The page of one model."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from models_app.api.exceptions import message_of
from models_app.api.needs import may_manage
from models_app.domain.errors import ChantillyError, ModelNotFound
from models_app.domain.learns import Learn
from models_app.domain.specs.printing import printed
from models_app.domain.windows import SIZE
from models_app.journal.reading import newest_first
from models_app.paradigms.bandits import BANDIT
from models_app.services import measuring, showing, specifying
from models_app.services.finding import Served, find
from models_app.services.inspecting import Vitals
from models_app.services.quarantine.releasing import find_quarantined
from monitoring.drift.watches import KINDS
from monitoring.figures.reporting import model_figures
from monitoring.models import DriftAlert
from monitoring.pages.alerts import standing_alerts
from monitoring.pages.confusions import Confusions, confusions
from monitoring.pages.contracts import contract_part
from monitoring.pages.diagnoses import diagnosis_of
from monitoring.pages.features import LOOKED_AT, drifting_features
from monitoring.pages.figures import figures_context
from monitoring.pages.managing import managing_context
from monitoring.pages.overview import base_url
from monitoring.pages.rows import headline_of
from monitoring.pages.snippets import snippets
from web.middleware import DRAWING_POLICY

# A page is shown without what a model does not say in time, so that no more than one thread waits for it.
_PATIENCE_SECONDS = 3.0


@never_cache
@require_safe
def model_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show how one model does; the page's scripts keep it up to date."""
    try:
        model = find(name)
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    vitals = _vitals(name)
    context = {
        "may_manage": may_manage(name),
        **managing_context(model, {} if vitals is None else vitals.metrics),
        "model": model,
        "busy_seconds": measuring.busy_seconds(name=name),
        "quarantine": find_quarantined(model.pk, model.generation),
        "headline": headline_of(model.paradigm, {} if vitals is None else vitals.metrics),
        "is_scored": bool(model.paradigm.headline) and (vitals is None or bool(vitals.metrics)),
        "diagnosis": diagnosis_of(model.paradigm),
        "window": SIZE,
        "is_bandit": model.paradigm is BANDIT,
        "vitals": vitals,
        "metrics": _metrics(vitals),
        **figures_context(model_figures(model, now=timezone.now())),
        "confusions": _confusions(model, vitals),
        "features": drifting_features(model),
        "features_shown": showing.way_of(model.features_kept),
        "looked_at": LOOKED_AT,
        "contract": contract_part(model),
        "alerts": DriftAlert.objects.filter(model_id=model.pk, kind__in=KINDS).order_by("-pk")[:10],
        **standing_alerts(model.pk, model.name),
        "base_url": base_url(request),
        "folded": request.GET.get("folded", "").split(","),
        **_spec(model),
        **snippets(model.name, model.paradigm, _newest(model)),
    }
    return render(request, "monitoring/model.html", context)


@never_cache
@require_safe
@xframe_options_sameorigin
def pipeline(request: HttpRequest, name: str) -> HttpResponse:
    """Show the model as it draws itself, in a page of its own that may do nothing."""
    try:
        drawn = measuring.describe_model(name=name, seconds=_PATIENCE_SECONDS)
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    except ChantillyError as error:
        drawn = str(error)
    response = render(request, "models_app/drawing.html", {"drawn": drawn, "policy": DRAWING_POLICY})
    response["Content-Security-Policy"] = f"{DRAWING_POLICY}; frame-ancestors 'self'; sandbox"
    return response


def _vitals(name: str) -> Vitals | None:
    try:
        return measuring.vitals(name=name, seconds=_PATIENCE_SECONDS)
    except ChantillyError:
        # It does not load here, or does not come back; what the database has of it can be shown all the same.
        return None


def _metrics(vitals: Vitals | None) -> list[tuple[str, float | None, float | None]]:
    if vitals is None:
        return []
    rolling = vitals.rolling_if_any()
    return [(name, value, rolling.get(name)) for name, value in vitals.metrics.items()]


def _confusions(model: Served, vitals: Vitals | None) -> Confusions | None:
    return None if vitals is None or not model.paradigm.has_labels else confusions(vitals.window.pairs())


def _spec(model: Served) -> dict[str, Any]:
    found = specifying.look_at_spec(model.pk)
    return {"spec": found, "printed_spec": "" if found.reason else printed(found.short)}


def _newest(model: Served) -> Learn | None:
    """Return the newest record of its journal, if it is to be shown."""
    if not showing.shows_all(model.features_kept):
        return None
    segment = next(newest_first(model.beginning), None)
    return None if segment is None else segment.learns[-1]
