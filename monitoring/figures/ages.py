"""Pending predictions, by age."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models_app.services.counting import pending_before
from models_app.services.finding import Served

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


def pending_ages(model: Served, *, now: datetime) -> list[Age]:
    """Count a model's pending predictions, the youngest first; raises `StorageUnavailable`."""
    older = pending_before(model_id=model.pk, moments=[now - age for _, age in _UP_TO])
    young = [
        Age(name, age.total_seconds(), older[number] - older[number + 1])
        for number, (name, age) in enumerate(_UP_TO)
    ]
    return [*young, Age("older", None, older[-1])]
