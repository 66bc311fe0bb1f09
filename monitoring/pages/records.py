"""The page of a model's journal: what was predicted from what, and when it was learned."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from models_app.api.browsing import asked_for
from models_app.api.exceptions import message_of
from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.services import showing
from models_app.services.browsing import Kept, Page, Record
from models_app.services.finding import find

ROWS = 50
_CHOICES = ("id", "seq", "until")
# Of features as text: a whole document would hide the other records.
_MAX_CHARACTERS = 20_000
_MAX_IN_LIST = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A record as the page shows it: JSON as text, times as such, and learns from snapshot to record."""

    record: Record
    prediction: str
    ground_truth: str
    features: str
    predicted_at: datetime | None
    learned_at: datetime | None
    since: int | None
    until: int | None


@never_cache
@require_safe
def records_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show the last records of a model, or those of an id, of a learn, or up to a time."""
    # A form sends all of its fields.
    given = {field: text for field in (*_CHOICES, "before") if (text := request.GET.get(field, "").strip())}
    try:
        model = find(name)
        page, said = _looked_up(request, name, given)
    except ModelNotFound as error:
        raise Http404(message_of(error)) from None
    is_single = "id" in given or "seq" in given
    context = {
        "model": model,
        "given": given,
        "said": said,
        "rows": [_row(record, is_single=is_single) for record in page.records],
        "is_single": is_single,
        "features_shown": showing.way_of(model.features_kept),
        "has_generations": model.generation > 1,
        "more": page.next_place and urlencode({**given, "before": page.next_place}),
        "rest": urlencode({field: text for field, text in given.items() if field != "before"}),
    }
    return render(request, "monitoring/records.html", context, status=400 if said else 200)


def _looked_up(request: HttpRequest, name: str, given: dict[str, str]) -> tuple[Page, list[str]]:
    """Return the records, and why there are none where the address asks for what cannot be."""
    request.GET = QueryDict(urlencode(given))  # what `Request` reads
    try:
        return asked_for(Request(request), name=name, limit=ROWS), []
    except InvalidRequest as error:
        said = error.message
        sentences = [said] if isinstance(said, str) else [f"{k}: {'; '.join(v)}." for k, v in said.items()]
        return Page(records=[], next_place=None), sentences


def _row(record: Record, *, is_single: bool) -> Row:
    text = record.features
    if is_single:
        text = msgspec.json.format(text, indent=2)
    most = _MAX_CHARACTERS if is_single else _MAX_IN_LIST
    return Row(
        record=record,
        prediction=_text(_to_digits(predictions.to_json(record.prediction), None if is_single else 4)),
        ground_truth=_text(record.ground_truth),
        features=text if len(text) <= most else f"{text[:most]} …",
        predicted_at=_moment(record.predicted_at),
        learned_at=_moment(record.learned_at),
        since=_distance(record.before, record),
        until=_distance(record.after, record),
    )


def _distance(kept: Kept | None, record: Record) -> int | None:
    return None if kept is None or record.seq is None else abs(record.seq - kept.seq)


def _to_digits(value: Any, n_digits: int | None) -> Any:
    """Return a value of JSON with numbers to so many digits that count; None: as they are."""
    if n_digits is None:
        return value
    if isinstance(value, dict):
        return {name: _to_digits(member, n_digits) for name, member in value.items()}
    if isinstance(value, list):
        return [_to_digits(member, n_digits) for member in value]
    return float(f"{value:.{n_digits}g}") if isinstance(value, float) else value


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
