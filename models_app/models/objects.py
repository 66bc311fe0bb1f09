"""What the database knows of the object store: this instance's folder there, and what is to go from it."""

import secrets
from collections.abc import Sequence

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from models_app.models.transactions import translated_errors, write_transaction

MAX_URL = 1024
_AT_A_TIME = 500


class SnapshotFolder(models.Model):
    """The folder below SNAPSHOTS_URL that this database's snapshots are in: its one row.

    What lies there and is no snapshot of it is swept away. So no two databases may have the same: one that
    was restored from a backup draws another.
    """

    ONLY_ID = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    name = models.CharField(max_length=32)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_snapshot_folder"),)

    def __str__(self) -> str:
        return self.name


class DiscardedObject(models.Model):
    """An object that no snapshot names any more, until it is gone.

    Written in the transaction that deletes the snapshot: whatever happens after that, it is known what is
    still to be removed.
    """

    url = models.CharField(max_length=MAX_URL, unique=True)
    discarded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


def folder_url() -> str:
    """Return where this database's snapshots are; raises `StorageUnavailable`."""
    with translated_errors():
        name = SnapshotFolder.objects.values_list("name", flat=True).first()
    if name is None:
        with write_transaction():
            # Another process may have drawn one meanwhile.
            name = SnapshotFolder.objects.get_or_create(defaults={"name": secrets.token_hex(8)})[0].name
    return f"{settings.SNAPSHOTS_URL}/{name}"


def discard(urls: Sequence[str]) -> None:
    """Write down that objects are to go; to be called in the transaction that deletes their rows."""
    with transaction.atomic():
        now = timezone.now()
        DiscardedObject.objects.bulk_create(
            [DiscardedObject(url=url, discarded_at=now) for url in urls], _AT_A_TIME, ignore_conflicts=True
        )
