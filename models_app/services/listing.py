"""The served models and how they do: all of them, or those used last, held up by no slow model."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from models_app.domain.errors import ChantillyError
from models_app.engine.timings import Timings
from models_app.models import Snapshot
from models_app.models.transactions import translated_errors
from models_app.services import counting, inspecting
from models_app.services.estimating import estimates
from models_app.services.finding import Served, find_all, find_last_used, find_named
from models_app.services.inspecting import Vitals
from models_app.services.measuring import model_metrics
from models_app.services.quarantine.releasing import Quarantined, quarantined
from models_app.services.runtime import get_engine
from models_app.services.snapshotting import SnapshotFigures, newest_snapshots

# What a request may spend on estimates of models; the rest have their turn at the next ones.
_ESTIMATING_SECONDS = 0.02
_Metrics = dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """A served model. `metrics` is None where none are known, or the model does not load here.

    Of the learns since the upload, rollbacks have undone `n_undone`.
    """

    name: str
    flavor: str
    is_default: bool
    n_learns: int
    n_undone: int
    n_predictions: int
    n_pending: int
    size_bytes: int
    uploaded_at: datetime
    last_predicted_at: datetime | None
    last_learned_at: datetime | None
    metrics: _Metrics | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Why a model is not loaded: at how many ends of its process it was at work, and how the last was.

    `since` is in seconds since the epoch.
    """

    ends: int
    how: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetails:
    """A served model as clients list it, times in seconds since the epoch.

    `headline` is the metric that a list has room for; None: its flavor has none. `metrics` are those that are
    known without loading the model: as of now where it is in memory, else those of its newest snapshot, with
    `metrics_learns` learns. `sha256` is of the upload as it came, `signed_by` the name of the key that has
    signed it. `quarantine` is None where the model may be loaded.
    """

    name: str
    flavor: str
    default: bool
    read_only: bool
    learns: int
    predictions: int
    pending: int
    headline: str | None
    metrics: _Metrics
    metrics_learns: int
    size_bytes: int
    sha256: str
    signed_by: str | None
    uploaded_at: float
    last_predicted_at: float | None
    last_learned_at: float | None
    quarantine: Quarantine | None


@dataclass(frozen=True, slots=True)
class RecentModels:
    """The models used last, by name, each with the metrics that are known of it without loading it.

    `rolling` are the metrics over the last learns, of the hot models; `memory` is what these take, in bytes,
    as far as it has been estimated; `snapshots` are the newest by model; `timings` are of this process.
    `busy` is for how many seconds models have been busy with what they do now, from one second on.
    """

    models: list[ModelSummary]
    rolling: dict[str, _Metrics]
    memory: dict[str, int]
    snapshots: dict[str, SnapshotFigures]
    timings: dict[str, Timings]
    busy: dict[str, float]
    n_models: int
    n_hot: int
    versions: dict[str, str]

    @property
    def n_left_out(self) -> int:
        """The models that are not among them."""
        return self.n_models - len(self.models)


def list_models() -> list[ModelSummary]:
    """Return all models by name; those that have learned since their snapshot are loaded for it."""
    models = find_all()
    pending = counting.pending_counts([model.pk for model in models])
    values = _snapshot_values()
    return [
        _summary(
            model,
            pending.get(model.pk, 0),
            values.get((model.pk, model.generation, model.seq)) or _live_metrics(model.name),
        )
        for model in models
    ]


def list_recent(*, max_models: int) -> RecentModels:
    """Return no more than `max_models` models, those used last; raises `StorageUnavailable`.

    No model is loaded for it: of one that is not hot, or does not say in time, the metrics are those of its
    newest snapshot.
    """
    models = find_last_used(max_models)
    n_models = counting.model_count() if len(models) == max_models else len(models)
    pending = counting.pending_counts([model.pk for model in models])
    snapshots = newest_snapshots(models)
    hot = inspecting.hot_vitals([model.name for model in models])
    summaries = []
    for model in models:
        kept, vitals = snapshots.get(model.name), hot.get(model.name)
        metrics = vitals.metrics if vitals else kept.metrics if kept else None
        summaries.append(_summary(model, pending.get(model.pk, 0), metrics or None))
    estimated = [(model, hot[model.name]) for model in models if model.name in hot]
    return RecentModels(
        models=sorted(summaries, key=lambda model: model.name),
        rolling={name: vitals.rolling_if_any() for name, vitals in hot.items()},
        memory=estimates.estimate_some(estimated, seconds=_ESTIMATING_SECONDS),
        snapshots=snapshots,
        timings=inspecting.timings(),
        busy=inspecting.busy_models(),
        n_models=n_models,
        n_hot=get_engine().n_hot,
        versions={name: version(name) for name in ("django", "river")},
    )


def list_details(names: Collection[str]) -> list[ModelDetails]:
    """Return those of the names that there are; no model is loaded for it. Raises `StorageUnavailable`."""
    models = find_named(names)
    pending = counting.pending_counts([model.pk for model in models])
    kept = newest_snapshots(models)
    hot = inspecting.hot_vitals([model.name for model in models])
    set_aside = quarantined()
    return [
        _details(
            model,
            pending.get(model.pk, 0),
            hot.get(model.name) or kept.get(model.name),
            quarantine_of(set_aside.get(model.name)),
        )
        for model in models
    ]


def quarantine_of(found: Quarantined | None) -> Quarantine | None:
    """Return a quarantine as clients see it."""
    if found is None:
        return None
    return Quarantine(ends=found.n_ends, how=found.how, since=found.since.timestamp())


def _details(
    model: Served, n_pending: int, known: Vitals | SnapshotFigures | None, quarantine: Quarantine | None
) -> ModelDetails:
    return ModelDetails(
        name=model.name,
        flavor=model.flavor,
        default=model.is_default,
        read_only=model.is_read_only,
        learns=model.seq,
        predictions=model.n_predictions,
        pending=n_pending,
        headline=model.paradigm.headline or None,
        metrics=known.metrics if known else {},
        metrics_learns=known.seq if known else 0,
        size_bytes=model.size_bytes,
        sha256=model.sha256,
        signed_by=model.signed_by or None,
        uploaded_at=model.uploaded_at.timestamp(),
        last_predicted_at=_seconds(model.last_predicted_at),
        last_learned_at=_seconds(model.last_learned_at),
        quarantine=quarantine,
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _summary(model: Served, n_pending: int, metrics: _Metrics | None) -> ModelSummary:
    return ModelSummary(
        name=model.name,
        flavor=model.flavor,
        is_default=model.is_default,
        n_learns=model.seq,
        n_undone=model.n_undone,
        n_predictions=model.n_predictions,
        n_pending=n_pending,
        size_bytes=model.size_bytes,
        uploaded_at=model.uploaded_at,
        last_predicted_at=model.last_predicted_at,
        last_learned_at=model.last_learned_at,
        metrics=metrics,
    )


def _live_metrics(name: str) -> _Metrics | None:
    try:
        return model_metrics(name=name)
    except ChantillyError:
        # Deleted meanwhile, or taken under other versions: the list is still of use.
        return None


def _snapshot_values() -> dict[tuple[int, int, int], _Metrics]:
    """Return the metrics that snapshots have, by model, generation and seq, without loading the model."""
    rows: Iterator[tuple[int, int, int, _Metrics]] = Snapshot.objects.values_list(
        "model_id", "generation", "seq", "metric_values"
    ).iterator()
    with translated_errors():
        return {(model_id, generation, seq): values for model_id, generation, seq, values in rows if values}
