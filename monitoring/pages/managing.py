"""What can be done with a model from its page, by who may."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.urls import reverse

from models_app.models.transactions import translated_errors
from models_app.services.finding import Served
from models_app.services.rolling_back import snapshots_to_go_back_to
from monitoring.models import DriftPlan
from monitoring.panels import plan_url

# The newest: a model that was taken back often has those of many generations.
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way back, and what would change: the learns that are undone, and metrics, then and now.

    `n_undone` is None where the snapshot is of another generation. `body` is what the API is asked with.
    """

    seq: int
    generation: int
    taken_at: datetime
    size_bytes: int
    n_undone: int | None
    metrics: list[tuple[str, float | None, float | None]]
    body: str


def managing_context(model: Served, metrics: Mapping[str, float | None]) -> dict[str, Any]:
    """Return what the part of the page needs; raises `ModelNotFound`, `StorageUnavailable`."""
    with translated_errors():
        plan = DriftPlan.objects.filter(model_id=model.pk).first()
    return {
        "ways": _ways(model, metrics),
        "pending_url": _list_url("pendingprediction", model),
        "snapshots_url": _list_url("snapshot", model),
        "plan_url": plan_url(model, plan),
    }


def _ways(model: Served, metrics: Mapping[str, float | None]) -> list[Way]:
    return [
        Way(
            seq=kept.seq,
            generation=kept.generation,
            taken_at=kept.taken_at,
            size_bytes=kept.size_bytes,
            n_undone=model.seq - kept.seq if kept.generation == model.generation else None,
            metrics=[(name, value, metrics.get(name)) for name, value in kept.metric_values.items()],
            body=msgspec.json.encode({"seq": kept.seq, "generation": kept.generation}).decode(),
        )
        for kept in snapshots_to_go_back_to(name=model.name)[:_SHOWN]
    ]


def _list_url(kind: str, model: Served) -> str:
    """Return where the admin has what there is of a kind of one model."""
    return f"{reverse(f'admin:models_app_{kind}_changelist')}?model={model.pk}"
