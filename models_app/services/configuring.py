"""The instance, and its flavor: that of models which are uploaded without one."""

import uuid
from datetime import datetime

from django.db import connection

from models_app.domain.errors import FlavorNotSet
from models_app.journal.positions import Position
from models_app.models import (
    Configuration,
    FeatureContract,
    FeaturesSeen,
    FlavorMetrics,
    Generation,
    JournalSegment,
    PendingPrediction,
    Replay,
    ServedModel,
    Snapshot,
    Specification,
    Suspicion,
)
from models_app.models.objects import discard
from models_app.models.transactions import translated_errors, write_transaction
from models_app.paradigms.base import Paradigm
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.registry import get_flavor as flavor_called
from models_app.services import auditing, publishing
from models_app.services.snapshot_objects import remove_discarded

# In the order that foreign keys ask for.
_ERASED = (
    PendingPrediction,
    JournalSegment,
    Snapshot,
    Replay,
    Specification,
    FeatureContract,
    FeaturesSeen,
    Suspicion,
    Generation,
    ServedModel,
    FlavorMetrics,
    Configuration,
)


def get_configuration() -> Configuration:
    """Return the configuration; raises `FlavorNotSet` where nothing was ever set up here."""
    with translated_errors():
        configuration = Configuration.objects.first()
    if configuration is None:
        raise FlavorNotSet
    return configuration


def check_set_up() -> None:
    """Raise `FlavorNotSet` unless the instance has had a flavor, or a model that came with its own."""
    if get_epoch() is None:
        raise FlavorNotSet


def get_epoch() -> uuid.UUID | None:
    """Return what changes with each `init`; None: nothing was set up. Raises `StorageUnavailable`."""
    with translated_errors():
        return Configuration.objects.values_list("epoch", flat=True).first()


def get_flavor() -> Paradigm:
    """Return the instance's flavor; raises `FlavorNotSet`."""
    flavor = get_configuration().flavor
    if flavor not in FLAVORS:
        raise FlavorNotSet
    return flavor_called(flavor)


def flavor_name() -> str | None:
    """Return the name of the instance's flavor; None: it has none."""
    try:
        return get_flavor().name
    except FlavorNotSet:
        return None


def set_up_without_flavor(*, now: datetime) -> None:
    """Set the instance up unless it is, in the transaction of an upload with a flavor of its own."""
    if get_epoch() is None:
        Configuration.objects.create(metrics_position=str(Position.newest()), initialized_at=now)


def set_flavor(*, flavor: str, now: datetime) -> None:
    """Erase everything - models, pending predictions, journal, metrics, statistics - and start with a flavor.

    Raises `UnknownFlavor`; then nothing is erased.
    """
    chosen = flavor_called(flavor)
    with write_transaction():
        position = _last_position()
        in_objects = Snapshot.objects.exclude(object_url="")
        discard(list(in_objects.values_list("object_url", flat=True)))
        with connection.cursor() as cursor:
            for table in _ERASED:
                # At once: the ORM would read what hangs on each row first.
                cursor.execute(f"DELETE FROM {table._meta.db_table}")  # noqa: S608  # our own names
        Configuration.objects.create(flavor=chosen.name, metrics_position=str(position), initialized_at=now)
        publishing.erased()
        auditing.record(action="init", flavor=chosen.name)
    remove_discarded()


def _last_position() -> Position:
    """Return the position after all that was ever written: what comes later belongs to the new epoch."""
    folded = Configuration.objects.values_list("metrics_position", flat=True).first()
    return max(Position() if folded is None else Position.read(folded), Position.newest())
