"""What another policy would have earned: a part of a bandit's page, and a page of its own."""

import math

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.api.exceptions import message_of
from models_app.domain.errors import ChantillyError, ModelNotFound
from models_app.paradigms.bandits import ARM, BANDIT, text_of
from models_app.services import evaluating
from models_app.services.evaluating import N_RECORDS, Evaluation
from models_app.services.finding import Served, find, find_of_flavor
from models_app.services.policies import OF_ARM, OF_MODEL, POLICY, UNIFORM
from monitoring.pages.diagnoses.base import Context
from monitoring.pages.numbers import short
from monitoring.pages.outcomes import last_outcomes

# So many arms, and models, can be chosen from.
_MOST = 50


@never_cache
@require_safe
def estimates(request: HttpRequest, name: str) -> HttpResponse:
    """Show the estimates of the policy that is chosen; the model's page takes them from here."""
    try:
        model = find(name)
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    if model.paradigm is not BANDIT:
        raise Http404(f"'{name}' is no bandit.")
    chosen = request.GET.get(POLICY)
    context = {
        "model": model,
        "n_records": N_RECORDS,
        "chosen": chosen,
        "choices": _choices(model),
        **({} if chosen is None else _evaluated(model, chosen)),
    }
    return render(request, "monitoring/estimates.html", context)


def _choices(model: Served) -> list[tuple[str, str]]:
    """Return the policies that can be chosen, each with what it is called."""
    arms = {
        text_of(outcome.y_pred[ARM]): None  # type: ignore[arg-type]  # an arm
        for outcome in last_outcomes(model)
        if isinstance(outcome.y_pred, dict) and ARM in outcome.y_pred
    }
    bandits = find_of_flavor(BANDIT.name, _MOST + 1)
    others = sorted(other.name for other in bandits if other.paradigm is BANDIT and other.pk != model.pk)
    return [
        (UNIFORM, "all arms alike"),
        *((f"{OF_ARM}{arm}", f"always {arm}") for arm in sorted(arms)[:_MOST]),
        *((f"{OF_MODEL}{other}", f"the model {other}, as it is now") for other in others[:_MOST]),
    ]


def _evaluated(model: Served, policy: str) -> Context:
    try:
        found = evaluating.evaluate_named(model=model.name, policy=policy)
    except ChantillyError as error:
        message = error.message
        texts = (
            [text for each in message.values() for text in each] if isinstance(message, dict) else [message]
        )
        return {"refused": " ".join(map(str, texts))}
    return {"found": found, "rows": _rows(found), "effective_n": short(found.estimates.effective_n)}


def _rows(found: Evaluation) -> list[tuple[str, str | None, str | None]]:
    estimates = found.estimates
    rows = (
        ("this model", estimates.served),
        ("IPS", estimates.ips),
        ("SNIPS", estimates.snips),
        ("doubly robust", estimates.doubly_robust),
    )
    return [(name, _shown(each.value), _shown(each.standard_error)) for name, each in rows]


def _shown(value: float) -> str | None:
    return short(value) if math.isfinite(value) else None
