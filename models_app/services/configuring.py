"""The instance's flavor."""

import uuid
from datetime import datetime

from django.db import connection

from models_app.domain.errors import FlavorNotSet
from models_app.journal import keeping
from models_app.journal.positions import Position
from models_app.models import (
    Configuration,
    Generation,
    JournalSegment,
    PendingPrediction,
    Replay,
    ServedModel,
    Snapshot,
)
from models_app.models.transactions import translated_errors, write_transaction
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.registry import get_flavor as flavor_called
from models_app.services import publishing

# In the order that foreign keys ask for.
_ERASED = (PendingPrediction, JournalSegment, Snapshot, Replay, Generation, ServedModel, Configuration)


def get_configuration() -> Configuration:
    """Return the configuration; raises `FlavorNotSet`."""
    with translated_errors():
        configuration = Configuration.objects.first()
    if configuration is None or configuration.flavor not in FLAVORS:
        raise FlavorNotSet
    return configuration


def get_epoch() -> uuid.UUID | None:
    """Return what changes with each `init`; None: there was none. Raises `StorageUnavailable`."""
    with translated_errors():
        return Configuration.objects.values_list("epoch", flat=True).first()


def get_flavor() -> Paradigm:
    """Return the instance's flavor; raises `FlavorNotSet`."""
    return flavor_called(get_configuration().flavor)


def set_flavor(*, flavor: str, now: datetime) -> None:
    """Erase everything - models, pending predictions, journal, metrics, statistics - and start with a flavor.

    Raises `UnknownFlavor`; then nothing is erased.
    """
    chosen = flavor_called(flavor)
    epoch = uuid.uuid4()
    with write_transaction():
        position = _last_position()
        made, signature = keeping.seal(chosen.new_metrics(), metrics_context(epoch, position))
        with connection.cursor() as cursor:
            for table in _ERASED:
                # At once: the ORM would read what hangs on each row first.
                cursor.execute(f"DELETE FROM {table._meta.db_table}")  # noqa: S608  # our own names
        Configuration.objects.create(
            flavor=chosen.name,
            epoch=epoch,
            metrics_bytes=made,
            metrics_signature=signature,
            metrics_position=str(position),
            initialized_at=now,
        )
        publishing.erased()


def _last_position() -> Position:
    """Return the position after all that was ever written: what comes later belongs to the new epoch."""
    folded = Configuration.objects.values_list("metrics_position", flat=True).first()
    return max(Position() if folded is None else Position.read(folded), Position.newest())


def metrics_context(epoch: uuid.UUID, position: Position) -> str:
    """Return what the signature of the metrics over all models binds them to."""
    return f"metrics of {epoch} up to segment {position}"
