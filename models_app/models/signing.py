"""Snapshots as rows: signed when they are written, checked before they are unpickled."""

from django.conf import settings
from django.utils import timezone

from models_app.domain.blobs import Signer, Versions, compress, decompress, sha256
from models_app.domain.errors import ModelNotLoadable
from models_app.engine.ports import ModelState, SnapshotData
from models_app.models.snapshots import Snapshot, SnapshotQuerySet


def signer() -> Signer:
    """Return what signs this instance's blobs."""
    return Signer([settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)])


def snapshot_context(model_id: int, generation: int, seq: int, name: str) -> str:
    """Return what a snapshot's signature binds its bytes to: under another name they are not accepted."""
    return f"{_nameless_context(model_id, generation, seq)}, name {name}"


def _nameless_context(model_id: int, generation: int, seq: int) -> str:
    """Return what signatures were bound to before names were: they hold until the next snapshot."""
    return f"snapshot {seq} of model {model_id}, generation {generation}"


def signed_bytes(snapshot: Snapshot) -> tuple[bytes, bytes]:
    """Return the stored bytes of model and metrics; raises `ModelNotLoadable` if they are not the signed."""
    model_bytes, metrics_bytes = _stored(snapshot.model_bytes), _stored(snapshot.metrics_bytes)
    place = snapshot.model_id, snapshot.generation, snapshot.seq
    try:
        signer().check(
            snapshot_context(*place, snapshot.model.name), snapshot.signature, model_bytes, metrics_bytes
        )
    except ModelNotLoadable:
        signer().check(_nameless_context(*place), snapshot.signature, model_bytes, metrics_bytes)
    return model_bytes, metrics_bytes


def _stored(value: object) -> bytes:
    """Return a column's bytes; what is none (SQLite keeps anything anywhere) is signed by nobody."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def snapshots_of(state: ModelState) -> SnapshotQuerySet:
    """Return the snapshots of a model's generation, each with its model: the name is signed."""
    return Snapshot.objects.select_related("model").filter(
        model_id=state.model_id, generation=state.generation
    )


def save_snapshot(state: ModelState, data: SnapshotData) -> None:
    """Insert a snapshot's row, signed; to be called within a transaction."""
    model_bytes = compress(data.model)
    versions = Versions.current()
    context = snapshot_context(state.model_id, state.generation, data.seq, state.name)
    Snapshot.objects.create(
        model_id=state.model_id,
        generation=state.generation,
        seq=data.seq,
        model_bytes=model_bytes,
        metrics_bytes=data.metrics,
        signature=signer().sign(context, model_bytes, data.metrics),
        size_bytes=len(data.model),
        sha256=sha256(data.model),
        river_version=versions.river,
        python_version=versions.python,
        numpy_version=versions.numpy,
        metric_values=data.values,
        taken_at=timezone.now(),
    )


def copy_snapshot(snapshot: Snapshot, generation: int) -> None:
    """Insert the same as the first snapshot of another generation; to be called within a transaction.

    The bytes are still those that were taken then, under the versions of then. Raises `ModelNotLoadable`
    where they are not those that were signed.
    """
    model_bytes, metrics_bytes = signed_bytes(snapshot)
    new_context = snapshot_context(snapshot.model_id, generation, snapshot.seq, snapshot.model.name)
    Snapshot.objects.create(
        model_id=snapshot.model_id,
        generation=generation,
        seq=snapshot.seq,
        model_bytes=model_bytes,
        metrics_bytes=metrics_bytes,
        signature=signer().sign(new_context, model_bytes, metrics_bytes),
        size_bytes=snapshot.size_bytes,
        sha256=snapshot.sha256,
        river_version=snapshot.river_version,
        python_version=snapshot.python_version,
        numpy_version=snapshot.numpy_version,
        metric_values=snapshot.metric_values,
        taken_at=snapshot.taken_at,
    )


def read_snapshot(snapshot: Snapshot) -> SnapshotData:
    """Check a snapshot's versions and signature and return its bytes; raises `ModelNotLoadable`."""
    stored = Versions(
        river=str(snapshot.river_version),
        python=str(snapshot.python_version),
        numpy=str(snapshot.numpy_version),
    )
    mismatch = Versions.current().mismatch(stored)
    if mismatch is not None:
        raise ModelNotLoadable(
            f"The snapshot at seq {snapshot.seq} was taken under {mismatch}; pickles do not load across "
            "these versions. Go back to them, or upload a model made under these."
        )
    model_bytes, metrics_bytes = signed_bytes(snapshot)
    return SnapshotData(seq=snapshot.seq, model=decompress(model_bytes), metrics=metrics_bytes)
