"""Counting what the instance has. Every function raises `StorageUnavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from models_app.models import PendingPrediction, ServedModel
from models_app.models.transactions import translated_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts over all models since their uploads; of their learns, rollbacks have undone `n_undone`."""

    n_models: int
    n_learns: int
    n_undone: int
    n_predictions: int


def totals() -> Totals:
    """Return the sums over all models."""
    with translated_errors():
        found = ServedModel.objects.aggregate(
            n_models=Count("pk"),
            held=Coalesce(Sum("seq"), 0),
            n_undone=Coalesce(Sum("n_undone"), 0),
            n_predictions=Coalesce(Sum("n_predictions"), 0),
        )
    return Totals(n_learns=found.pop("held") + found["n_undone"], **found)


def model_count() -> int:
    """Return the number of models."""
    with translated_errors():
        return ServedModel.objects.count()


def pending_count() -> int:
    """Return how many predictions await their truth."""
    with translated_errors():
        return PendingPrediction.objects.count()


def pending_counts() -> dict[int, int]:
    """Return how many predictions await their truth, by the model's primary key."""
    with translated_errors():
        counted = list(PendingPrediction.objects.order_by().values("model_id").annotate(n=Count("pk")))
    return {row["model_id"]: row["n"] for row in counted}


def pending_before(*, model_id: int, moments: Sequence[datetime]) -> list[int]:
    """Return how many predictions a model has pending, and how many of them from before each moment."""
    before = {
        f"before_{number}": Count("pk", filter=Q(predicted_at__lt=moment))
        for number, moment in enumerate(moments)
    }
    with translated_errors():
        counted = PendingPrediction.objects.filter(model_id=model_id).aggregate(n=Count("pk"), **before)
    return [counted["n"], *(counted[name] for name in before)]
