"""The rows of the overview: one for each model, read with a few queries whatever their number."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.utils import timezone

from models_app.domain.scoring import name_of
from models_app.models.transactions import translated_errors
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import FLAVORS
from models_app.services.counting import pending_counts
from models_app.services.finding import Served, find_last_used, in_query
from models_app.services.inspecting import Timings, busy_models, hot_names
from models_app.services.inspecting import timings as all_timings
from models_app.services.quarantine.releasing import quarantined
from monitoring.figures.rates import rates
from monitoring.models import DriftAlert, MetricSnapshot
from monitoring.statuses.calls import Recent, recent_calls
from monitoring.statuses.rules import WELL, Facts, Verdict, judge
from monitoring.statuses.thresholds import from_settings, thresholds_of

#: Rows of the overview: more nobody looks at, and a browser shows them slowly.
MAX_ROWS = 1_000
# A line as wide as a word shows no more.
_SPARK_MINUTES = 15
_SPARK_WIDTH, _SPARK_HEIGHT = 96, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A model on the overview; durations are in milliseconds, None where nothing is known.

    `metric` and `rolling` are of its flavor's headline metric, since the upload and over the last learns.
    `busy_seconds`: for so long it has been busy with what it does now; None: it is quick.
    """

    name: str
    flavor: str
    headline: str
    is_default: bool
    n_learns: int
    n_predictions: int
    n_pending: int
    n_refused: int
    n_alerts: int
    metric: float | None
    rolling: float | None
    spark: str
    per_second: float
    p50_ms: float | None
    p99_ms: float | None
    last_used_at: datetime | None
    last_drift_at: datetime | None
    busy_seconds: float | None
    verdict: Verdict = WELL


def overview_rows() -> list[Row]:
    """Return the models used last, at most `MAX_ROWS`, by name; raises `StorageUnavailable`."""
    return rows_of(sorted(find_last_used(MAX_ROWS), key=attrgetter("name")))


def rows_of(models: Sequence[Served], *, has_lines: bool = True) -> list[Row]:
    """Return the rows of models, in their order; raises `StorageUnavailable`."""
    pks = [model.pk for model in models]
    pending = pending_counts(pks)
    with translated_errors():
        newest = {row.model_id: row for row in _newest(pks)}
        headlines = {model.pk: _headline(model, newest.get(model.pk)) for model in models}
        lines = _lines(models, headlines) if has_lines else {}
        drift = DriftAlert.objects.filter(kind="drift", model_id__in=pks)
        drifts = dict(drift.values_list("model").annotate(last=Max("time")))
        unresolved = DriftAlert.objects.unresolved().filter(model_id__in=pks).values_list("model")
        alerts = dict(unresolved.annotate(n=Count("pk")))
        thresholds = thresholds_of(pks)
    timings, busy = all_timings(), busy_models()
    recent = recent_calls.look(timings, hot_names(), now=time.monotonic())
    rows = [
        _row(
            model, pending.get(model.pk, 0), newest.get(model.pk),
            headline=headlines[model.pk], spark=polyline(lines.get(model.pk, ())),
            per_second=rates.of(model).predictions,
            timings=timings.get(model.name), last_drift_at=drifts.get(model.pk),
            busy_seconds=busy.get(model.name), n_alerts=alerts.get(model.pk, 0),
        )
        for model in models
    ]  # fmt: skip
    now, default, set_aside = timezone.now(), from_settings(), quarantined()
    judged = []
    for model, row in zip(models, rows, strict=True):
        known = _facts(model, row, now, newest.get(model.pk), recent.get(model.name, Recent()))
        facts = replace(known, quarantine=str(set_aside.get(model.name, "")))
        judged.append(replace(row, verdict=judge(facts, thresholds.get(model.pk, default))))
    return judged


def verdicts() -> dict[str, Verdict]:
    """Return what the rules say of the models used last, by name; raises `StorageUnavailable`."""
    return {row.name: row.verdict for row in rows_of(find_last_used(MAX_ROWS), has_lines=False)}


def _row(
    model: Served,
    n_pending: int,
    newest: MetricSnapshot | None,
    *,
    headline: str,
    timings: Timings | None,
    **rest: object,
) -> Row:
    is_current = newest is not None and newest.generation == model.generation and newest.seq > 0
    p50_ms, p99_ms = _latency_ms(timings)
    times = [time for time in (model.last_predicted_at, model.last_learned_at) if time is not None]
    metric = newest.values.get(headline) if newest and is_current else None
    rolling = newest.rolling.get(headline) if newest and is_current else None
    return Row(
        name=model.name,
        flavor=model.flavor,
        headline=headline,
        is_default=model.is_default,
        n_learns=model.seq,
        n_predictions=model.n_predictions,
        n_pending=n_pending,
        n_refused=timings.refused.total() if timings else 0,
        metric=metric,
        rolling=rolling,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        last_used_at=max(times, default=None),
        **rest,  # type: ignore[arg-type]  # passed on
    )


def _facts(model: Served, row: Row, now: datetime, newest: MetricSnapshot | None, recent: Recent) -> Facts:
    """Return what the rules ask of a model."""
    heard_at = model.last_learned_at or model.uploaded_at
    return Facts(
        is_read_only=model.is_read_only,
        n_learns=row.n_learns,
        n_pending=row.n_pending,
        truth_age=(now - heard_at).total_seconds(),
        prediction_age=_age(model.last_predicted_at, now),
        drift_age=_age(row.last_drift_at, now),
        busy_seconds=row.busy_seconds,
        headline=row.headline,
        lasting=row.metric,
        recent=row.rolling,
        bigger_is_better=_bigger_is_better(model.flavor, row.headline),
        is_loadable=recent.is_loadable,
        n_calls=recent.n_calls,
        n_refused=recent.n_refused,
        p99_ms=row.p99_ms,
        recent_metrics=newest.rolling if newest and newest.generation == model.generation else {},
    )


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else (now - moment).total_seconds()


@cache
def _bigger_is_better(flavor: str, name: str) -> bool | None:
    """Return which way a metric of a flavor gets better; None where that is not known."""
    found = (metric for metric in FLAVORS[flavor].new_metrics() if name_of(metric) == name)
    return next((bool(metric.bigger_is_better) for metric in found), None)


def headline_of(paradigm: Paradigm, values: Mapping[str, float | None]) -> str:
    """Return the metric to show of a model: its flavor's first, else the first that has a value.

    >>> from models_app.paradigms.recommendation import RECOMMENDATION
    >>> headline_of(RECOMMENDATION, {"MAE": None, "RMSE": None, "MRR": 0.5}), headline_of(RECOMMENDATION, {})
    ('MRR', 'MAE')
    """
    first = paradigm.headline
    if values.get(first) is not None:
        return first
    return next((name for name, value in values.items() if value is not None), first)


def _headline(model: Served, newest: MetricSnapshot | None) -> str:
    is_current = newest is not None and newest.generation == model.generation
    return headline_of(model.paradigm, newest.values if newest is not None and is_current else {})


def polyline(values: Sequence[float | None]) -> str:
    """Return the points of a line through the values, for an SVG of 96 by 24.

    >>> polyline([1.0, 3.0, 2.0])
    '0.0,23.0 48.0,1.0 96.0,12.0'
    >>> polyline([1.0])
    ''
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    lowest, highest = min(known), max(known)
    step = _SPARK_WIDTH / (len(known) - 1)
    points = []
    for number, value in enumerate(known):
        share = (value - lowest) / (highest - lowest) if highest > lowest else 0.5
        points.append(f"{number * step:.1f},{_SPARK_HEIGHT - 1 - share * (_SPARK_HEIGHT - 2):.1f}")
    return " ".join(points)


def _newest(pks: Sequence[int]) -> QuerySet[MetricSnapshot]:
    # The index leads to each: a model may have thousands of samples.
    newest = MetricSnapshot.objects.filter(model=OuterRef("pk")).order_by("-time", "-pk")
    models = in_query(pks).annotate(newest=Subquery(newest.values("pk")[:1]))
    return MetricSnapshot.objects.filter(pk__in=models.values("newest"))


def _recent(pks: Sequence[int]) -> QuerySet[MetricSnapshot]:
    since = timezone.now() - timedelta(minutes=_SPARK_MINUTES)
    return MetricSnapshot.objects.filter(time__gte=since, model_id__in=pks).order_by("model_id", "time")


def _lines(models: Sequence[Served], headlines: Mapping[int, str]) -> dict[int, list[float | None]]:
    lines: dict[int, list[float | None]] = defaultdict(list)
    # A query for each metric that is shown of a flavor's models.
    for flavor, headline in {(model.flavor, headlines[model.pk]) for model in models}:
        if not headline:
            continue
        rows = _recent([model.pk for model in models if model.flavor == flavor])
        for model_id, value in rows.values_list("model_id", KT(f"rolling__{headline}")):
            if headlines.get(model_id) == headline:
                lines[model_id].append(_number(value))
    return lines


def _number(text: str | None) -> float | None:
    # SQLite answers the text of a JSON null.
    return None if text is None or text == "null" else float(text)


def _latency_ms(timings: Timings | None) -> list[float | None]:
    """Return p50 and p99 of the last answers, in milliseconds."""
    seconds = timings.answer.quantiles((0.5, 0.99)) if timings else [None, None]
    return [None if value is None else 1_000 * value for value in seconds]
