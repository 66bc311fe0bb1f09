"""The instance's flavor."""

import uuid
from datetime import datetime

from django.db import connection
from django.db.models import Max

from models_app.domain import blobs
from models_app.domain.errors import FlavorNotSet
from models_app.domain.flavors import FLAVORS, Flavor
from models_app.domain.flavors import get_flavor as flavor_called
from models_app.models import (
    Configuration,
    Generation,
    JournalSegment,
    PendingPrediction,
    Replay,
    ServedModel,
    Snapshot,
)
from models_app.models.signing import signer
from models_app.models.transactions import translated_errors, write_transaction
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


def get_flavor() -> Flavor:
    """Return the instance's flavor; raises `FlavorNotSet`."""
    return flavor_called(get_configuration().flavor)


def set_flavor(*, flavor: str, now: datetime) -> None:
    """Erase everything - models, pending predictions, journal, metrics, statistics - and start with a flavor.

    Raises `UnknownFlavor`; then nothing is erased.
    """
    chosen = flavor_called(flavor)
    epoch = uuid.uuid4()
    metrics_bytes = blobs.dumps(chosen.new_metrics())
    with write_transaction():
        last_segment_id = _last_segment_id()
        with connection.cursor() as cursor:
            for table in _ERASED:
                # At once: the ORM would read what hangs on each row first.
                cursor.execute(f"DELETE FROM {table._meta.db_table}")  # noqa: S608  # our own names
        Configuration.objects.create(
            flavor=chosen.name,
            epoch=epoch,
            metrics_bytes=metrics_bytes,
            metrics_signature=signer().sign(metrics_context(epoch, last_segment_id), metrics_bytes),
            metrics_segment_id=last_segment_id,
            initialized_at=now,
        )
        publishing.erased()


def _last_segment_id() -> int:
    """Return an id that no segment so far has exceeded: what comes later belongs to the new epoch."""
    folded = Configuration.objects.values_list("metrics_segment_id", flat=True).first()
    written = JournalSegment.objects.aggregate(last=Max("pk"))["last"]
    return max(folded or 0, written or 0)


def metrics_context(epoch: uuid.UUID, segment_id: int) -> str:
    """Return what the signature of the metrics over all models binds them to."""
    return f"metrics of {epoch} up to segment {segment_id}"
