"""What awaits its ground truth, by age."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from models_app.models import PendingPrediction, ServedModel
from models_app.models.transactions import translated_errors

_UP_TO = (
    ("up to a minute", timedelta(minutes=1)),
    ("up to an hour", timedelta(hours=1)),
    ("up to a day", timedelta(days=1)),
    ("up to a week", timedelta(weeks=1)),
)


@dataclass(frozen=True, slots=True)
class Age:
    """The number of predictions that were made that long ago, but longer than the age before this one.

    `up_to_seconds` is None for all that are older.
    """

    name: str
    up_to_seconds: float | None
    n: int


def pending_ages(model: ServedModel, *, now: datetime) -> list[Age]:
    """Count a model's pending predictions, the youngest first; raises `StorageUnavailable`."""
    at_least = {
        f"older_{number}": Count("pk", filter=Q(predicted_at__lt=now - age))
        for number, (_, age) in enumerate(_UP_TO)
    }
    with translated_errors():
        counted = PendingPrediction.objects.filter(model=model).aggregate(n=Count("pk"), **at_least)
    older = [counted["n"], *(counted[name] for name in at_least)]
    young = [
        Age(name, age.total_seconds(), older[number] - older[number + 1])
        for number, (name, age) in enumerate(_UP_TO)
    ]
    return [*young, Age("older", None, older[-1])]
