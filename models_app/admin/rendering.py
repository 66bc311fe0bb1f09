"""Values as people read them. What comes from clients is escaped."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timesince import timesince

from models_app.domain import features, learns, predictions
from models_app.models import ServedModel
from models_app.services import showing

NOTHING = "-"
_SHOWN_CHARACTERS = 100


def size(n_bytes: int) -> str:
    """Return a number of bytes, humanized."""
    return filesizeformat(n_bytes)


def metrics(values: Mapping[str, float | None] | None) -> str:
    """Return metrics in one line, four digits each.

    >>> metrics({"Accuracy": 0.98765, "LogLoss": None})
    'Accuracy 0.9877, LogLoss -'
    """
    if not values:
        return NOTHING
    return ", ".join(
        f"{name} {NOTHING if value is None else format(value, '.4g')}" for name, value in values.items()
    )


def metrics_by_flavor(values: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return metrics over all models in one line; the flavors are named where there are several.

    >>> metrics_by_flavor({"one": {"Accuracy": 0.5}}), metrics_by_flavor({})
    ('Accuracy 0.5', '-')
    >>> metrics_by_flavor({"one": {"Accuracy": 0.5}, "other": {"MAE": 2.0}})
    'one: Accuracy 0.5; other: MAE 2'
    """
    if len(values) < 2:
        return metrics(next(iter(values.values()), None))
    return "; ".join(f"{flavor}: {metrics(of_flavor)}" for flavor, of_flavor in values.items())


def metrics_cell(values: Mapping[str, float | None], title: str = "", note: str = "") -> SafeString:
    """Return metrics for a cell of a list, with a text that the mouse pointer shows, and one behind them."""
    return format_html('<div class="metrics" title="{}">{}{}</div>', title, metrics(values), note)


def age(moment: datetime) -> str:
    """Return how long ago a moment was."""
    return timesince(moment, timezone.now())


def ago(moment: datetime | None) -> SafeString | str:
    """Return how long ago a moment was, with the moment for who wants to know exactly."""
    if moment is None:
        return NOTHING
    short = timesince(moment, timezone.now(), depth=1)
    return format_html('<span title="{}">{} ago</span>', moment.isoformat(" ", "seconds"), short)


def moment(seconds: float | None) -> datetime | None:
    """Return seconds since the epoch as a datetime."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def shortened(text: str) -> str:
    """Return the beginning of a text."""
    return Truncator(text).chars(_SHOWN_CHARACTERS)


def prediction(text: str | msgspec.Raw, model: ServedModel) -> str:
    """Return a stored prediction of a model as a client saw it, or as it is to be shown."""
    found = showing.shown_prediction(learns.decode_prediction(text), model.features_kept, model.paradigm)
    return json.dumps(predictions.to_json(found), ensure_ascii=False)


def features_text(text: bytes, model: ServedModel) -> str:
    """Return what a model was asked with, as it is to be shown; JSON text as it was kept."""
    return showing.shown_text(features.as_asked(text), model.features_kept).decode()


def indented(text: str) -> SafeString:
    """Return JSON text with a line a member, to be read by people."""
    return format_html('<pre class="json">{}</pre>', msgspec.json.format(text, indent=2))
