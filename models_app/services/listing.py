"""The served models and how they do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from models_app.domain import resembling
from models_app.domain.errors import ChantillyError, ModelNotFound
from models_app.domain.names import can_be_stored
from models_app.engine.near_names import NearNames
from models_app.models import PendingPrediction, ServedModel, Snapshot
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.services.measuring import model_metrics

_near_names = NearNames(get_storage().recent_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """A served model. `metrics` is None where they were not asked for, or the model does not load here.

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
    metrics: dict[str, float | None] | None


def model_names() -> tuple[list[str], str | None]:
    """Return the names of all models, sorted, and the default's."""
    with translated_errors():
        rows = list(ServedModel.objects.order_by("name").values_list("name", "is_default"))
    default = next((name for name, is_default in rows if is_default), None)
    return [name for name, _ in rows], default


def find_model(name: str) -> ServedModel:
    """Return a model's row; raises `ModelNotFound`, with names like it."""
    if not can_be_stored(name):
        raise ModelNotFound(name)
    model = ServedModel.objects.filter(name=name).first()
    if model is None:
        raise _near_names.not_found(name)
    return model


def nearest_names(name: str) -> tuple[str, ...]:
    """Return names of models that somebody may have meant, the likeliest first; at most three."""
    return resembling.nearest(name, model_names()[0])


def list_models(*, with_metrics: bool = False) -> list[ModelSummary]:
    """Return all models by name. With metrics, those that have learned since their snapshot are loaded."""
    with translated_errors():
        models = list(ServedModel.objects.order_by("name"))
        pending = pending_counts()
        values = _snapshot_values() if with_metrics else {}
    metrics = {model.pk: values.get((model.pk, model.generation, model.seq)) for model in models}
    if with_metrics:
        metrics = {model.pk: metrics[model.pk] or _live_metrics(model.name) for model in models}
    return [summary(model, pending.get(model.pk, 0), metrics[model.pk]) for model in models]


def summary(model: ServedModel, n_pending: int, metrics: dict[str, float | None] | None) -> ModelSummary:
    """Return a model as its row has it."""
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


def _live_metrics(name: str) -> dict[str, float | None] | None:
    try:
        return model_metrics(name=name)
    except ChantillyError:
        # Deleted meanwhile, or taken under other versions: the list is still of use.
        return None


def pending_counts() -> dict[int, int]:
    """Return how many predictions await their truth, by the model's primary key."""
    counted = PendingPrediction.objects.order_by().values("model_id").annotate(n=Count("pk"))
    return {row["model_id"]: row["n"] for row in counted}


def _snapshot_values() -> dict[tuple[int, int, int], dict[str, float | None]]:
    """Return the metrics that snapshots tell, by model, generation and seq, without loading the model."""
    rows: Iterator[tuple[int, int, int, dict[str, float | None]]] = Snapshot.objects.values_list(
        "model_id", "generation", "seq", "metric_values"
    ).iterator()
    return {(model_id, generation, seq): values for model_id, generation, seq, values in rows if values}
