"""How good the predictions of the last learns were, beyond a metric: residuals, or calibration."""

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.domain import calibration, residuals
from models_app.domain.errors import ModelNotFound
from models_app.domain.flavors import get_flavor
from models_app.domain.windows import SIZE
from models_app.models import ServedModel
from models_app.services.listing import find_model
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import Outcome, last_outcomes

Context = dict[str, object]


@never_cache
@require_safe
def diagnostics(request: HttpRequest, name: str) -> HttpResponse:
    """Show residuals or calibration; the model's page takes them from here, and draws them."""
    try:
        model = find_model(name)
    except ModelNotFound as error:
        raise Http404(str(error)) from None
    return render(request, "monitoring/diagnostics.html", diagnosis(model))


def diagnosis(model: ServedModel) -> Context:
    """Return what the template says of a model; raises `StorageUnavailable`."""
    outcomes = last_outcomes(model)
    is_regression = model.flavor == "regression"
    found = _of_numbers(outcomes) if is_regression else _of_labels(outcomes, model.flavor == "binary")
    answers_labels = get_flavor(model.flavor).served_by(model.predict_method).answers_labels
    context = {"model": model, "is_regression": is_regression, "answers_labels": answers_labels}
    return {**context, "window": SIZE, **found}


def _of_numbers(outcomes: Sequence[Outcome]) -> Context:
    found = [(outcome, residual) for outcome in outcomes if (residual := _residual(outcome)) is not None]
    values = [value for _, value in found]
    bins = residuals.histogram(values)
    return {
        "n": len(found),
        "n_left_out": len(outcomes) - len(found),
        "rows": [(_limits(bin_), bin_.n) for bin_ in bins],
        "spread": _told(residuals.spread(values)) if values else None,
        "drawn": {
            "n": [bin_.n for bin_ in bins],
            "limits": [bin_.highest for bin_ in bins[:-1]],
            "time": [round(outcome.at, 3) for outcome, _ in found],
            "prediction": [_rounded(outcome.y_pred) for outcome, _ in found],
            "residual": [_rounded(value) for value in values],
        },
    }


def _residual(outcome: Outcome) -> float | None:
    y_true, y_pred = outcome.y_true, outcome.y_pred
    if isinstance(y_pred, dict | str) or y_pred is None or isinstance(y_true, str):
        return None
    return residuals.residual(y_true, y_pred)


def _rounded(value: object) -> float:
    # More digits than a chart has pixels would only make the page larger.
    return float(f"{value:.6g}")


def _limits(found: residuals.Bin) -> str:
    if found.lowest is None:
        return "all" if found.highest is None else f"below {short(found.highest)}"
    if found.highest is None:
        return f"{short(found.lowest)} and above"
    return f"{short(found.lowest)} to {short(found.highest)}"


def _told(found: residuals.Spread) -> Context:
    return {
        "mean": short(abs(found.mean)),
        "side": "below" if found.mean < 0 else "above",
        "half": [short(limit) for limit in found.half],
        "most": [short(limit) for limit in found.most],
    }


def _of_labels(outcomes: Sequence[Outcome], is_binary: bool) -> Context:
    claims = [
        claim
        for outcome in outcomes
        if (claim := calibration.claim(outcome.y_true, outcome.y_pred, is_binary=is_binary)) is not None
    ]
    bins = calibration.reliability(claims)
    return {
        "n": len(claims),
        "n_left_out": len(outcomes) - len(claims),
        "is_binary": is_binary,
        "bins": bins,
        "expected_error": calibration.expected_error(bins),
        "drawn": {
            "n": [found.n for found in bins],
            "claimed": [found.claimed for found in bins],
            "observed": [found.observed for found in bins],
        },
    }
