"""Going back to a snapshot: the model goes on from there, in a generation of its own."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from models_app.domain.errors import SnapshotNotFound
from models_app.engine import forks
from models_app.engine.recovery import from_snapshot
from models_app.models import Generation, ServedModel, Snapshot
from models_app.models.packing import Packed, pack
from models_app.models.signing import copy_snapshot, read_snapshot
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing
from models_app.services.finding import find_row
from models_app.services.states import state_of

# Snapshots that are listed where one is not there.
_NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """A rollback's outcome: `generation` goes on from learn `seq`; `left_generation` ended at `left_seq`."""

    generation: int
    seq: int
    from_generation: int
    left_generation: int
    left_seq: int


def roll_back(*, name: str, seq: int, now: datetime, generation: int | None = None) -> Rollback:
    """Let a model be again what it was at a snapshot; it goes on from there as a new generation.

    Without a generation it is the newest that has a snapshot at that seq. The metrics are the snapshot's.
    What the model has pending stays, and is learned by the model as it then is. Earlier generations keep
    journal and snapshots: the model can learn from the one, and go to the other.

    Raises `ModelNotFound`, `SnapshotNotFound`, `ModelNotLoadable`, `StorageUnavailable`; then nothing has
    changed.
    """
    with translated_errors():
        model = find_row(name)
        chosen = _find(model, seq, generation)
    # A model that does not load is not gone back to. It may take long: nobody else is to wait for it.
    forks.own()
    state, data = state_of(model), read_snapshot(chosen)
    from_snapshot(state, data)
    seen = model.generation
    with pack(data, str(state.model_id)) as packed, write_transaction():
        model = find_row(name)
        # Where it was only thinned out while it was being loaded, its bytes are at hand.
        if _is_discarded(chosen, model, seen=seen):
            raise _not_found(model, seq, generation)
        rollback = _begin_generation(model, chosen, packed, now)
        auditing.record(
            action="roll_back",
            model=name,
            seq=rollback.seq,
            generation=rollback.from_generation,
            left_seq=rollback.left_seq,
            left_generation=rollback.left_generation,
        )
        return rollback


def snapshots_to_go_back_to(*, name: str) -> list[Snapshot]:
    """Return a model's snapshots, the newest first, without their bytes; raises `ModelNotFound`."""
    with translated_errors():
        kept = Snapshot.objects.without_bytes().filter(model=find_row(name))
        return list(kept.order_by("-generation", "-seq"))


def _find(model: ServedModel, seq: int, generation: int | None) -> Snapshot:
    kept = Snapshot.objects.select_related("model").filter(model=model, seq=seq)
    if generation is not None:
        kept = kept.filter(generation=generation)
    found = kept.order_by("-generation").first()
    if found is None:
        raise _not_found(model, seq, generation)
    return found


def _is_discarded(chosen: Snapshot, model: ServedModel, *, seen: int) -> bool:
    """Say whether another upload has taken the place of the one that a snapshot is of.

    Or whether something was forgotten since generation `seen`: the snapshot may have had it.
    """
    if chosen.model_id != model.pk:
        return True
    later = Generation.objects.filter(model=model)
    uploads = later.filter(kind=Generation.UPLOAD, generation__gt=chosen.generation)
    return uploads.exists() or later.filter(kind=Generation.FORGET, generation__gt=seen).exists()


def _not_found(model: ServedModel, seq: int, generation: int | None) -> SnapshotNotFound:
    kept = Snapshot.objects.filter(model=model)
    if generation is not None:
        kept = kept.filter(generation=generation)
    seqs = sorted(set(kept.values_list("seq", flat=True)), key=lambda kept_seq: abs(kept_seq - seq))
    return SnapshotNotFound(
        model.name,
        seq,
        generation,
        nearest=sorted(seqs[:_NEAREST]),
        has_forgotten=Generation.objects.filter(model=model, kind=Generation.FORGET).exists(),
    )


def _begin_generation(model: ServedModel, chosen: Snapshot, packed: Packed, now: datetime) -> Rollback:
    rollback = Rollback(
        generation=model.generation + 1,
        seq=chosen.seq,
        from_generation=chosen.generation,
        left_generation=model.generation,
        left_seq=model.seq,
    )
    Generation.objects.create(
        model=model,
        generation=rollback.generation,
        kind=Generation.ROLLBACK,
        seq=rollback.seq,
        from_generation=rollback.from_generation,
        started_at=now,
    )
    copy_snapshot(chosen, rollback.generation, packed)
    # A turn on the generation before finds the row changed at its commit, and begins anew.
    ServedModel.objects.filter(pk=model.pk).update(
        generation=rollback.generation,
        seq=rollback.seq,
        n_undone=F("n_undone") + rollback.left_seq - rollback.seq,
        size_bytes=chosen.size_bytes,
    )
    return rollback
