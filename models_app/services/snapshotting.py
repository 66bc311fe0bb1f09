"""Snapshots on demand: taking them, and handing out the bytes of one that is kept."""

from models_app.domain.blobs import decompress
from models_app.engine.commands import TakeSnapshot
from models_app.models import Snapshot
from models_app.models.signing import signed_bytes
from models_app.models.transactions import translated_errors
from models_app.services.runtime import get_engine


def take_snapshot(*, name: str) -> int:
    """Have the newest snapshot of a model hold all that it has learned; return its seq.

    Nothing is written where it does already. Raises `ModelNotFound`, `ModelNotLoadable`,
    `StorageUnavailable`.
    """
    seq: int = get_engine().call(TakeSnapshot(name))
    return seq


def export_snapshot(*, snapshot_id: int) -> bytes | None:
    """Return the pickle that a snapshot holds; None if it was dropped meanwhile.

    It need not load here: taking it elsewhere is a way out where versions differ. Raises `ModelNotLoadable`
    where the bytes are not those that this instance wrote.
    """
    with translated_errors():
        snapshot = Snapshot.objects.select_related("model").filter(pk=snapshot_id).first()
    if snapshot is None:
        return None
    model_bytes, _ = signed_bytes(snapshot)
    return decompress(model_bytes)
