"""Snapshots as rows: signed when they are written, checked before they are unpickled."""

from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from models_app.domain.blobs import Signer, Versions, decompress, sha256
from models_app.domain.errors import ModelNotLoadable
from models_app.engine.ports import ModelState, SnapshotData
from models_app.models import object_store
from models_app.models.object_store import ObjectMissing
from models_app.models.packing import Packed
from models_app.models.snapshots import Snapshot, SnapshotQuerySet


def signer() -> Signer:
    """Return what signs this instance's blobs."""
    return Signer([settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)])


def sign(  # as many as it is bound to
    model_id: int, generation: int, seq: int, name: str, versions: Versions, *parts: bytes
) -> str:
    """Return a snapshot's signature.

    It binds the bytes to the model, its name, generation and seq, and to the versions that they load under.
    """
    context = f"{_nameless_context(model_id, generation, seq)}, versions, name {name}"
    # Each with its length: no character can move from one to the next.
    bound = (one.encode() for one in (versions.river, versions.python, versions.numpy))
    return signer().sign(context, *bound, *parts)


def _nameless_context(model_id: int, generation: int, seq: int) -> str:
    return f"snapshot {seq} of model {model_id}, generation {generation}"


def signed_bytes(snapshot: Snapshot) -> tuple[bytes, bytes]:
    """Return the stored bytes of model and metrics; raises `ModelNotLoadable` if they are not the signed.

    `StorageUnavailable` where they are in an object store that cannot be read.

    Signatures of before were bound to less: not to versions, and at first not to the name. They hold until
    the next snapshot, or until they are made anew.
    """
    parts = _model_bytes(snapshot), _stored(snapshot.metrics_bytes)
    place = _nameless_context(snapshot.model_id, snapshot.generation, snapshot.seq)
    context = f"{place}, versions, name {snapshot.model.name}"
    bound = (str(version).encode() for version in _versions_of(snapshot))
    try:
        signer().check(context, snapshot.signature, *bound, *parts)
    except ModelNotLoadable:
        if not any(
            _holds(older, snapshot, parts) for older in (f"{place}, name {snapshot.model.name}", place)
        ):
            raise
    return parts


def _holds(context: str, snapshot: Snapshot, parts: tuple[bytes, bytes]) -> bool:
    with suppress(ModelNotLoadable):
        signer().check(context, snapshot.signature, *parts)
        return True
    return False


def signed_anew(snapshot: Snapshot) -> str:
    """Return the signature that a snapshot would get now.

    Raises `ModelNotLoadable` if it has none that holds.
    """
    parts = signed_bytes(snapshot)
    place = snapshot.model_id, snapshot.generation, snapshot.seq
    return sign(*place, snapshot.model.name, Versions(*_versions_of(snapshot)), *parts)


def _versions_of(snapshot: Snapshot) -> tuple[str, str, str]:
    return str(snapshot.river_version), str(snapshot.python_version), str(snapshot.numpy_version)


def _model_bytes(snapshot: Snapshot) -> bytes:
    url = str(snapshot.object_url)
    if not url:
        return _stored(snapshot.model_bytes)
    try:
        return object_store.get(url)
    except ObjectMissing as error:
        raise ModelNotLoadable(
            f"The bytes of the snapshot at seq {snapshot.seq} of '{snapshot.model.name}' are not in the "
            f"object store any more."
        ) from error


def _stored(value: object) -> bytes:
    """Return a column's bytes; what is none (SQLite keeps anything anywhere) is signed by nobody."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def snapshots_of(state: ModelState) -> SnapshotQuerySet:
    """Return the snapshots of a model's generation, each with its model: the name is signed."""
    return Snapshot.objects.select_related("model").filter(
        model_id=state.model_id, generation=state.generation
    )


def save_snapshot(state: ModelState, packed: Packed) -> None:
    """Insert a snapshot's row, signed; to be called within a transaction."""
    data, versions = packed.data, Versions.current()
    place = state.model_id, state.generation, data.seq
    Snapshot.objects.create(
        model_id=state.model_id,
        generation=state.generation,
        seq=data.seq,
        **packed.columns(),
        metrics_bytes=data.metrics,
        signature=sign(*place, state.name, versions, packed.model_bytes, data.metrics),
        size_bytes=len(data.model),
        sha256=sha256(data.model),
        river_version=versions.river,
        python_version=versions.python,
        numpy_version=versions.numpy,
        metric_values=data.values,
        taken_at=timezone.now(),
    )


def copy_snapshot(snapshot: Snapshot, generation: int, packed: Packed) -> None:
    """Insert the same as the first snapshot of another generation; to be called within a transaction.

    The bytes, which were `packed` again, are still those that were taken then, under the versions of then.
    """
    place, versions = (snapshot.model_id, generation, snapshot.seq), Versions(*_versions_of(snapshot))
    Snapshot.objects.create(
        model_id=snapshot.model_id,
        generation=generation,
        seq=snapshot.seq,
        **packed.columns(),
        metrics_bytes=packed.data.metrics,
        signature=sign(*place, snapshot.model.name, versions, packed.model_bytes, packed.data.metrics),
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
    mismatch = Versions.current().mismatch(Versions(*_versions_of(snapshot)))
    if mismatch is not None:
        raise ModelNotLoadable(
            f"The snapshot at seq {snapshot.seq} was taken under {mismatch}; pickles do not load across "
            "these versions. Go back to them, or upload a model made under these."
        )
    model_bytes, metrics_bytes = signed_bytes(snapshot)
    return SnapshotData(seq=snapshot.seq, model=decompress(model_bytes), metrics=metrics_bytes)
