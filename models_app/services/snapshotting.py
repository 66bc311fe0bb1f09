"""Snapshots on demand: taking them, what is known of the newest, and the bytes of one that is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import OuterRef, Subquery

from models_app.domain import actors
from models_app.domain.blobs import decompress
from models_app.engine.commands import TakeSnapshot
from models_app.models import ServedModel, Snapshot
from models_app.models.signing import signed_bytes
from models_app.models.transactions import translated_errors
from models_app.services import auditing
from models_app.services.finding import Served
from models_app.services.runtime import get_engine

# Models that a statement names.
_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFigures:
    """A snapshot without its bytes; `metrics` are those that were written down with it."""

    seq: int
    taken_at: datetime
    size_bytes: int
    metrics: dict[str, float | None]

    @classmethod
    def of(cls, row: Snapshot) -> Self:
        """Return a row as a value."""
        return cls(
            seq=row.seq, taken_at=row.taken_at, size_bytes=row.size_bytes, metrics=dict(row.metric_values)
        )


def newest_snapshot(model: Served) -> SnapshotFigures | None:
    """Return the newest of a model's generation; None: there is none. Raises `StorageUnavailable`."""
    kept = Snapshot.objects.without_bytes().filter(model_id=model.pk, generation=model.generation)
    with translated_errors():
        newest = kept.order_by("-seq").first()
    return None if newest is None else SnapshotFigures.of(newest)


def newest_snapshots(models: Sequence[Served]) -> dict[str, SnapshotFigures]:
    """Return the newest of each model's generation, by the model's name; raises `StorageUnavailable`.

    The index leads to each: what other models have is not read.
    """
    newest = Snapshot.objects.filter(model=OuterRef("pk"), generation=OuterRef("generation")).order_by("-seq")
    names = {(model.pk, model.generation): model.name for model in models}
    found: list[Snapshot] = []
    with translated_errors():
        for start in range(0, len(models), _AT_A_TIME):
            some = ServedModel.objects.filter(
                pk__in=[model.pk for model in models[start : start + _AT_A_TIME]]
            )
            keys = some.annotate(newest=Subquery(newest.values("pk")[:1])).values("newest")
            found += Snapshot.objects.without_bytes().filter(pk__in=keys)
    return {
        names[row.model_id, row.generation]: SnapshotFigures.of(row)
        for row in found
        if (row.model_id, row.generation) in names
    }


def take_snapshot(*, name: str) -> int:
    """Have the newest snapshot of a model hold all that it has learned; return its seq.

    Where it does already nothing is written, not even in the audit trail. Raises `ModelNotFound`,
    `ModelNotLoadable`, `StorageUnavailable`.
    """

    def note(seq: int) -> None:
        auditing.record(action="snapshot", model=name, seq=seq)

    # In an engine's thread, or in its process, by whoever acts here.
    actor = actors.current_actor()
    command = TakeSnapshot(name, actors.as_now(note), actor=(actor.name, actor.origin))
    seq: int = get_engine().call(command)
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
    data = decompress(model_bytes)
    auditing.record_afterwards(action="download", model=snapshot.model.name, data=data, seq=snapshot.seq)
    return data
