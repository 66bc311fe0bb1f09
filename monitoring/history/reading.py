"""Reading the past: as many points as a chart can show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from django.db.models import QuerySet
from django.utils import timezone

from models_app.domain.errors import InvalidRequest
from models_app.models.transactions import translated_errors
from models_app.paradigms.registry import FLAVORS, get_flavor
from models_app.services import configuring
from models_app.services.finding import Served, find
from models_app.services.generations import Beginning, beginnings
from monitoring.models import MetricSnapshot

# There is a sample every ten seconds while something is learned.
_PRESENT_SECONDS = 30.0

Values = dict[str, float | None]


class Begun(TypedDict):
    """A generation began, at learn `seq`, with an `upload`, a `rollback` or to `forget`."""

    generation: int
    seq: int
    time: float
    kind: str


class History(TypedDict):
    """Columns of equal length, in the order of time, and by metric.

    `flavor` is the model's, or that of all the models whose metrics these are. `time` is in seconds since the
    epoch; `seq` and `n_predictions` count the model's learns and predictions, `generation` its uploads and
    rollbacks. `rolling` are the metrics over the last learns; where there is no value: None. `generations`
    says how those of the model began.
    """

    model: str | None
    flavor: str
    time: list[float]
    generation: list[int]
    seq: list[int]
    n_predictions: list[int]
    metrics: dict[str, list[float | None]]
    rolling: dict[str, list[float | None]]
    generations: list[Begun]


def read_history(  # noqa: PLR0913  # as many as a chart can choose
    *,
    model: str | None,
    flavor: str | None = None,
    since: datetime | None,
    until: datetime | None = None,
    n_learns: int | None = None,
    n_points: int,
) -> History:
    """Return a model's metrics over time, or those over all of a flavor, spread evenly over what there is.

    Without model and flavor they are those of the instance's flavor. The first and the last sample are among
    them. With `n_learns` they are those of so many learns of the model's newest generation.

    Raises `FlavorNotSet`, `UnknownFlavor`, `ModelNotFound`, `StorageUnavailable`, and `InvalidRequest` where
    learns are asked for without a model.
    """
    configuring.check_set_up()
    served = None if model is None else find(model)
    if served is None:
        flavor = configuring.get_flavor().name if flavor is None else get_flavor(flavor).name
        rows = _of_flavor(flavor, n_learns)
    else:
        flavor, rows = served.flavor, _of_model(served, n_learns)
    if since is not None:
        rows = rows.filter(time__gte=since)
    if until is not None:
        rows = rows.filter(time__lte=until)
    # Of a name that is uploaded to all the time, the last ones.
    begun = [] if served is None else beginnings(model_id=served.pk, since=since, limit=n_points)
    begun = [row for row in begun if until is None or row.started_at <= until]
    with translated_errors():
        pks = list(rows.order_by("time", "pk").values_list("pk", flat=True))
        found = MetricSnapshot.objects.in_bulk(spread(pks, n_points))
    samples = sorted(found.values(), key=lambda row: (row.time, row.pk))
    return History(
        model=model,
        flavor=flavor,
        time=[row.time.timestamp() for row in samples],
        generation=[row.generation for row in samples],
        seq=[row.seq for row in samples],
        n_predictions=[row.n_predictions for row in samples],
        metrics=_columns([row.values for row in samples]),
        rolling=_columns([row.rolling for row in samples]),
        generations=[_beginning(row) for row in begun],
    )


def _beginning(row: Beginning) -> Begun:
    return Begun(generation=row.generation, seq=row.seq, time=row.started_at.timestamp(), kind=row.kind)


def _of_flavor(flavor: str, n_learns: int | None) -> QuerySet[MetricSnapshot]:
    if n_learns is not None:
        raise InvalidRequest({"learns": ["takes a model, too: each counts its own"]})
    return MetricSnapshot.objects.filter(model=None, flavor=flavor)


def _of_model(model: Served, n_learns: int | None) -> QuerySet[MetricSnapshot]:
    rows = MetricSnapshot.objects.filter(model_id=model.pk)
    if n_learns is None:
        return rows
    return rows.filter(generation=model.generation, seq__gte=model.seq - n_learns)


@dataclass(frozen=True, slots=True)
class InstanceRates:
    """Rates per second of all models together."""

    learns: float
    predictions: float


def instance_rates() -> InstanceRates | None:
    """Return how much was done between the last two samples of each flavor; None: nothing is learned now.

    Raises `StorageUnavailable`.
    """
    with translated_errors():
        found = [_rates(flavor) for flavor in FLAVORS]
    present = [rates for rates in found if rates is not None]
    if not present:
        return None
    return InstanceRates(
        learns=sum(rates.learns for rates in present), predictions=sum(rates.predictions for rates in present)
    )


def _rates(flavor: str) -> InstanceRates | None:
    samples = list(MetricSnapshot.objects.filter(model=None, flavor=flavor).order_by("-time")[:2])
    # In the future: the clock was set back a moment ago.
    if len(samples) < 2 or abs((timezone.now() - samples[0].time).total_seconds()) > _PRESENT_SECONDS:
        return None
    newer, older = samples
    seconds = max((newer.time - older.time).total_seconds(), 1e-3)
    # A model that was deleted in between took its counts along.
    return InstanceRates(
        learns=max(0, newer.seq - older.seq) / seconds,
        predictions=max(0, newer.n_predictions - older.n_predictions) / seconds,
    )


def spread(items: Sequence[int], n: int) -> list[int]:
    """Return at most `n` items, evenly spread, with the first and the last.

    >>> spread(range(10), 4), spread(range(3), 5), spread(range(9), 1)
    ([0, 3, 6, 9], [0, 1, 2], [8])
    """
    if len(items) <= n:
        return list(items)
    if n == 1:
        return [items[-1]]
    return [items[round(number * (len(items) - 1) / (n - 1))] for number in range(n)]


def _columns(rows: Sequence[Values]) -> dict[str, list[float | None]]:
    # Other metrics may have been chosen at a later upload.
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
