"""Counting what the instance has. Every function raises `StorageUnavailable`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from models_app.models import PendingPrediction, ServedModel
from models_app.models.transactions import translated_errors

# Models that a statement names.
_AT_A_TIME = 5_000
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

    @classmethod
    def sum(cls, several: Sequence[Self]) -> Self:
        """Return several together."""
        return cls(
            n_models=sum(each.n_models for each in several),
            n_learns=sum(each.n_learns for each in several),
            n_undone=sum(each.n_undone for each in several),
            n_predictions=sum(each.n_predictions for each in several),
        )


def totals() -> Totals:
    """Return the sums over all models."""
    with translated_errors():
        return _totals(ServedModel.objects.aggregate(**_SUMS))


def keys() -> tuple[int, int] | None:
    """Return the least and the greatest primary key of a model; None: there is none."""
    pks = ServedModel.objects.values_list("pk", flat=True)
    with translated_errors():
        first, last = pks.order_by("pk").first(), pks.order_by("-pk").first()
    return None if first is None or last is None else (first, last)


def totals_by_flavor(*, first: int, last: int) -> dict[str, Totals]:
    """Return the sums over the models of each flavor that has any, of these primary keys."""
    among = ServedModel.objects.filter(pk__gte=first, pk__lte=last)
    with translated_errors():
        rows = list(among.order_by("flavor").values("flavor").annotate(**_SUMS))
    return {row["flavor"]: _totals(row) for row in rows}


def flavors_served() -> set[str]:
    """Return the flavors that have models: a look-up each, however many models it has."""
    found: list[str] = []
    flavors = ServedModel.objects.order_by("flavor").values_list("flavor", flat=True)
    with translated_errors():
        while following := flavors.filter(flavor__gt=found[-1] if found else "").first():
            found.append(following)
    return set(found)


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


def pending_counts(model_ids: Collection[int]) -> dict[int, int]:
    """Return how many predictions of each of these models await their truth; of those that have any."""
    found: dict[int, int] = {}
    ids = list(model_ids)
    rows = PendingPrediction.objects.order_by().values("model_id").annotate(n=Count("pk"))
    with translated_errors():
        for start in range(0, len(ids), _AT_A_TIME):
            some = rows.filter(model_id__in=ids[start : start + _AT_A_TIME])
            found |= {row["model_id"]: row["n"] for row in some}
    return found


def pending_before(*, model_id: int, moments: Sequence[datetime]) -> list[int]:
    """Return how many predictions a model has pending, and how many of them from before each moment."""
    before = {
        f"before_{number}": Count("pk", filter=Q(predicted_at__lt=moment))
        for number, moment in enumerate(moments)
    }
    with translated_errors():
        counted = PendingPrediction.objects.filter(model_id=model_id).aggregate(n=Count("pk"), **before)
    return [counted["n"], *(counted[name] for name in before)]
