"""Snapshots as other versions have written them."""

from models_app.domain.blobs import Versions
from models_app.models import Snapshot
from models_app.models.signing import sign, signed_bytes


def as_written_by(*, river: str) -> None:
    """Have all snapshots be those of another version of River."""
    for snapshot in Snapshot.objects.select_related("model"):
        parts = signed_bytes(snapshot)
        versions = Versions(river, str(snapshot.python_version), str(snapshot.numpy_version))
        snapshot.river_version = river
        snapshot.signature = sign(
            snapshot.model_id, snapshot.generation, snapshot.seq, snapshot.model.name, versions, *parts
        )
        snapshot.save()
