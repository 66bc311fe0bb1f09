"""The page of the ground truths that are worth asking for, to give them there and then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from models_app.api.exceptions import message_of
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.domain.predictions import Label, Probabilities, label_name
from models_app.paradigms.base import Paradigm
from models_app.services.finding import find
from models_app.services.least_certain import LOOKED_AT, MAX_LIMIT, Queue, Uncertain, least_certain

# As many as somebody answers before a model has learned something from it.
ROWS = 25
# Of a row's labels, each on a button of its own; any other one can be written.
_BUTTONS = 5
# Of features as text: a whole document would hide the other rows.
_MAX_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A label to choose: as people read it, as JSON, and how probable it is, None where that is not known."""

    name: str
    json: str
    share: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """A pending prediction as the page shows it."""

    prediction_id: str
    uncertainty: float
    predicted_at: datetime
    features: str
    choices: list[Choice]


@never_cache
@require_safe
def labels_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a model's least certain pending predictions, each with the labels to choose from."""
    try:
        model = find(name)
        queue = least_certain(model=name, limit=ROWS, after=request.GET.get("after"))
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    except InvalidRequest as error:
        raise Http404(" ".join(_sentences(error))) from None
    context = {
        "model": model,
        "rows": [_row(uncertain, model.paradigm) for uncertain in queue.rows],
        "known": _known(queue),
        "is_open": not _labels_of(model.paradigm),
        "next_place": queue.next_place,
        "n_looked_at": queue.n_looked_at,
        "is_all": queue.n_looked_at < LOOKED_AT,
        "max_limit": MAX_LIMIT,
    }
    return render(request, "monitoring/labels.html", context)


def _sentences(error: InvalidRequest) -> list[str]:
    said = error.message
    if isinstance(said, str):
        return [said]
    return [f"{field}: {'; '.join(reasons)}." for field, reasons in said.items()]


def _labels_of(paradigm: Paradigm) -> tuple[Label, ...]:
    """Return all labels that there can be; none: nobody knows them."""
    return tuple(label for label in (True, False) if paradigm.check_ground_truth("a text") is not None)


def _row(uncertain: Uncertain, paradigm: Paradigm) -> Row:
    text = uncertain.features
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]} …"
    return Row(
        prediction_id=uncertain.prediction_id,
        uncertainty=uncertain.uncertainty,
        predicted_at=uncertain.predicted_at,
        features=text,
        choices=_choices(uncertain.prediction, paradigm),
    )


def _choices(prediction: Probabilities, paradigm: Paradigm) -> list[Choice]:
    """Return the labels of a flavor in their order, of any other the most probable ones first."""
    fixed = _labels_of(paradigm)
    if fixed:
        return [_choice(label, prediction.get(label)) for label in fixed]
    likeliest = sorted(prediction, key=lambda label: -(prediction[label] or 0.0))[:_BUTTONS]
    return [_choice(label, prediction[label]) for label in likeliest]


def _choice(label: Label, share: object = None) -> Choice:
    return Choice(label_name(label), msgspec.json.encode(label).decode(), share)


def _known(queue: Queue) -> list[Choice]:
    """Return the labels that any of the rows has, each once, by their names."""
    labels = {label_name(label): label for row in queue.rows for label in row.prediction}
    return [_choice(labels[name]) for name in sorted(labels)][:MAX_LIMIT]
