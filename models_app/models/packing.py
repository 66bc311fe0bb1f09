"""Snapshots on their way: compressed, and put where their bytes are kept, before a row says so."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings

from models_app.domain.blobs import compress, sha256
from models_app.domain.errors import StorageUnavailable
from models_app.engine.ports import SnapshotData
from models_app.models import object_store
from models_app.models.objects import discard, folder_url
from models_app.models.snapshots import Snapshot
from models_app.models.transactions import translated_errors, write_transaction


class Packed:
    """A snapshot whose row is still to be written; with an `object_url`, its bytes are there already."""

    def __init__(self, data: SnapshotData, owner: str) -> None:
        self.data = data
        self.model_bytes = compress(data.model)
        self.object_url = ""
        self._has_row = False
        self._put_at = time.monotonic()
        if settings.SNAPSHOTS_URL:
            name = f"{data.seq}-{sha256(self.model_bytes)[:16]}-{secrets.token_hex(16)}"
            self.object_url = f"{folder_url()}/{owner}/{name}"
            object_store.put_new(self.object_url, self.model_bytes)

    def columns(self) -> dict[str, Any]:
        """Return what a row has of where the bytes are; raises `StorageUnavailable` where that took too long.

        What has no row for so long may have been swept away.
        """
        if self.object_url and time.monotonic() - self._put_at > settings.SNAPSHOTS_GRACE_SECONDS / 2:
            raise StorageUnavailable("The snapshot has waited for too long.")
        self._has_row = True
        return {
            "model_bytes": b"" if self.object_url else self.model_bytes,
            "object_url": self.object_url,
        }

    def leave(self) -> None:
        """Have an object go that no row has come to name; what cannot be written now, the sweep does."""
        if not self.object_url:
            return
        with suppress(StorageUnavailable), translated_errors():
            if not Snapshot.objects.filter(object_url=self.object_url).exists():
                with write_transaction():
                    discard([self.object_url])

    @property
    def has_row(self) -> bool:
        """Say whether a row was written, in a transaction that may still fail."""
        return self._has_row


@contextmanager
def pack(data: SnapshotData, owner: str) -> Iterator[Packed]:
    """Put a snapshot's bytes where they are kept, for a row that is written within the block.

    It is entered before the transaction and left after it: while bytes travel, nobody is kept from writing.
    Without a row the object goes again; where nobody can say whether there is one, the sweep finds out.
    Raises `StorageUnavailable`.
    """
    packed = Packed(data, owner)
    try:
        yield packed
    except StorageUnavailable:
        # Whether the transaction has come through, nobody can say now.
        raise
    except BaseException:
        packed.leave()
        raise
    if not packed.has_row:
        packed.leave()
