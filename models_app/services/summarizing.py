"""The instance as a whole: a few queries, whatever the number of models."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from models_app.models import Configuration, ServedModel
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.services import counting, runtime
from models_app.services.measuring import metrics_by_flavor


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSummary:
    """A summary of the instance; `flavor` is its own, None where it has none; `metrics` are by flavor."""

    flavor: str | None
    initialized_at: datetime | None
    default: ServedModel | None
    n_models: int
    n_hot: int
    n_learns: int
    n_predictions: int
    n_pending: int
    metrics: Mapping[str, Mapping[str, float | None]]
    database_bytes: int
    versions: Mapping[str, str]


def summarize_instance() -> InstanceSummary:
    """Return what there is to say of the instance; no model is loaded for it. Raises `StorageUnavailable`."""
    with translated_errors():
        configuration = Configuration.objects.values_list("flavor", "initialized_at").first()
        flavor, initialized_at = configuration or ("", None)
        default = ServedModel.objects.filter(is_default=True).first()
        n_bytes = get_storage().size_bytes()
    totals = counting.totals()
    return InstanceSummary(
        flavor=flavor or None,
        initialized_at=initialized_at,
        default=default,
        n_models=totals.n_models,
        n_hot=runtime.get_engine().n_hot if runtime.engine_is_running() else 0,
        n_learns=totals.n_learns - totals.n_undone,
        n_predictions=totals.n_predictions,
        n_pending=counting.pending_count(),
        metrics=metrics_by_flavor(),
        database_bytes=n_bytes,
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    packages = {name: version(name.lower()) for name in ("River", "Django", "numpy")}
    return {**packages, "Python": platform.python_version(), **get_storage().versions()}
