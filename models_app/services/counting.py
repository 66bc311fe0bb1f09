"""Counting what the instance has. Every function raises `StorageUnavailable`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from models_app.models import PendingPrediction, ServedModel
from models_app.models.transactions import translated_errors

# By names that no column has.
_SUMS = {
    "n_models": Count("pk"),
    "n_held": Coalesce(Sum("seq"), 0),
    "n_undone_learns": Coalesce(Sum("n_undone"), 0),
    "n_predicted": Coalesce(Sum("n_predictions"), 0),
}


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
        return _totals(ServedModel.objects.aggregate(**_SUMS))


def totals_by_flavor() -> dict[str, Totals]:
    """Return the sums over the models of each flavor that has any."""
    with translated_errors():
        rows = list(ServedModel.objects.order_by("flavor").values("flavor").annotate(**_SUMS))
    return {row["flavor"]: _totals(row) for row in rows}


def flavors_served() -> set[str]:
    """Return the flavors that have models."""
    with translated_errors():
        return set(ServedModel.objects.order_by().values_list("flavor", flat=True).distinct())


def _totals(found: dict[str, int]) -> Totals:
    return Totals(
        n_models=found["n_models"],
        n_learns=found["n_held"] + found["n_undone_learns"],
        n_undone=found["n_undone_learns"],
        n_predictions=found["n_predicted"],
    )


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
