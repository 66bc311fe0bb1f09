"""The beginnings of a model's generations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from models_app.models import Generation
from models_app.models.transactions import translated_errors

Kind = Literal["upload", "rollback", "forget"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_KINDS: dict[str, Kind] = {kind: kind for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A generation began at a time, with an upload, a rollback or a forgetting, at learn `seq`."""

    generation: int
    seq: int
    started_at: datetime
    kind: Kind


def beginnings(*, model_id: int, since: datetime | None, limit: int) -> list[Beginning]:
    """Return how the last generations of a model began, at most `limit`, in order.

    Raises `StorageUnavailable`.
    """
    rows = Generation.objects.filter(model_id=model_id).order_by("-generation")
    with translated_errors():
        found = list((rows if since is None else rows.filter(started_at__gte=since))[:limit])
    return [
        Beginning(generation=row.generation, seq=row.seq, started_at=row.started_at, kind=_KINDS[row.kind])
        for row in reversed(found)
    ]


def first_seq(*, model_id: int, generation: int) -> int:
    """Return the learn at which a generation began; 0 where it is gone. Raises `StorageUnavailable`."""
    rows = Generation.objects.filter(model_id=model_id, generation=generation)
    with translated_errors():
        return rows.values_list("seq", flat=True).first() or 0


def kind_of(*, model_id: int, generation: int) -> Kind | None:
    """Return what a generation began with; None where it is gone. Raises `StorageUnavailable`."""
    rows = Generation.objects.filter(model_id=model_id, generation=generation)
    with translated_errors():
        found = rows.values_list("kind", flat=True).first()
    return None if found is None else _KINDS[found]
