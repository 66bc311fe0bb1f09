"""Models in quarantine: which they are, and their release."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from models_app.domain.errors import ModelNotFound
from models_app.models import ServedModel, Suspicion
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """Why a model is not loaded: at how many ends of its shard it was at work, and how the last was."""

    n_ends: int
    how: str
    since: datetime

    def __str__(self) -> str:
        """Say it."""
        return f"at work at {self.n_ends} ends of its process, the last of which {self.how}"


def quarantined() -> dict[str, Quarantined]:
    """Return the models in quarantine, by name; raises `StorageUnavailable`."""
    with translated_errors():
        return {
            row.model.name: Quarantined(n_ends=row.n_ends, how=row.how, since=row.quarantined_at)
            for row in _quarantined().select_related("model")
            if row.quarantined_at is not None
        }


def quarantined_count() -> int:
    """Return how many models are in quarantine; raises `StorageUnavailable`."""
    with translated_errors():
        return _quarantined().count()


def find_quarantined(model_id: int, generation: int) -> Quarantined | None:
    """Return why an upload is not loaded; None: it may be. Raises `StorageUnavailable`."""
    with translated_errors():
        row = Suspicion.objects.filter(
            pk=model_id, generation=generation, quarantined_at__isnull=False
        ).first()
    if row is None or row.quarantined_at is None:
        return None
    return Quarantined(n_ends=row.n_ends, how=row.how, since=row.quarantined_at)


def release(*, name: str) -> bool:
    """Have a model loaded again, with no blame left; return whether it was in quarantine.

    Raises `ModelNotFound`, `StorageUnavailable`.
    """
    with write_transaction():
        model = ServedModel.objects.filter(name=name).first()
        if model is None:
            raise ModelNotFound(name)
        was_quarantined = Suspicion.objects.filter(model=model, quarantined_at__isnull=False).exists()
        Suspicion.objects.filter(model=model).delete()
        auditing.record(action="release", model=name, was_quarantined=was_quarantined)
    return was_quarantined


def _quarantined() -> "QuerySet[Suspicion]":
    """Return what holds still: of an upload that is served no more, nothing is said."""
    return Suspicion.objects.filter(quarantined_at__isnull=False, generation=F("model__generation"))
