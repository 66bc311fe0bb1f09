"""Rebuilding a model without some of its records: what it would be had it never had them.

The journal is rewritten without them, and the model goes on with what that leads to, in a generation of its
own. All is computed beside whoever serves the model, and put in place in one transaction.
"""

import logging
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F

from models_app.domain.errors import StorageUnavailable
from models_app.domain.lineages import Lineages, Origin
from models_app.engine import forks
from models_app.engine.ports import ModelState
from models_app.journal.positions import Place
from models_app.journal.reading import segments_after
from models_app.models import Generation, Replay, ServedModel, Snapshot
from models_app.models.packing import Packed, pack
from models_app.models.rewriting import RewrittenJournal
from models_app.models.signing import save_snapshot
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services.finding import find_row
from models_app.services.folding import get_instance_metrics
from models_app.services.relearning import Changed, LeavesOut, Misjudged, Relearning, not_replayable
from models_app.services.states import is_known_not_to_be_replayable, state_of

logger = logging.getLogger(__name__)

_MAX_ATTEMPTS = 5
# What was learned meanwhile is learned before the others have to wait: so often, or until so little is left.
_MAX_ROUNDS = 10
_FEW_LEARNS = 20
# For more than that nobody is to wait.
_MAX_LEFT = 2_000
# Of the rewritten journal, this much is kept in memory, and the rest in a file without a name.
_MAX_SPOOLED = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """The outcome of a rebuilding: `n_left_out` records are gone, from all generations of a model together.

    The model was at learn `left_seq` of `left_generation`, and goes on from learn `seq` of `generation`. They
    are the same where what is served had none of the records. `first_seqs` has, of each generation that is
    another now, the first learn that went.
    """

    model_id: int
    n_left_out: int
    generation: int
    seq: int
    left_generation: int
    left_seq: int
    first_seqs: Mapping[int, int]


def rebuild_without(
    *, name: str, leaves_out: LeavesOut, now: datetime, also: Callable[[Rebuilt], None]
) -> Rebuilt:
    """Make a model what it would be had it never learned some records, and take them out of its journal.

    Out of its earlier generations, too; snapshots that have seen such a record are deleted. `also` does,
    within the transaction, what belongs to it.

    Raises `ModelNotFound`, `ModelNotLoadable`, `StorageUnavailable`, and `NotReplayable` where nobody can say
    what the model would be. Then nothing has changed.
    """
    undoes_predictions = False
    for _ in range(_MAX_ATTEMPTS):
        try:
            return _rebuild(name, leaves_out, now, also, undoes_predictions=undoes_predictions)
        except Misjudged:
            undoes_predictions = True
        except Changed:
            logger.info("'%s' was replaced or rolled back while it was rebuilt; once more", name)
    raise StorageUnavailable(f"'{name}' has changed too often while it was rebuilt.")


def count_records(*, name: str, leaves_out: LeavesOut) -> int:
    """Return how many records would be left out; raises `ModelNotFound`, `StorageUnavailable`."""
    with translated_errors():
        state = state_of(find_row(name))
    return _n_in(_read(state, leaves_out))


def _rebuild(
    name: str,
    leaves_out: LeavesOut,
    now: datetime,
    also: Callable[[Rebuilt], None],
    *,
    undoes_predictions: bool,
) -> Rebuilt:
    with translated_errors():
        state = state_of(find_row(name))
    lineages = _read(state, leaves_out)
    if lineages.first(state.generation) is not None and is_known_not_to_be_replayable(state):
        raise not_replayable(name)
    forks.own()
    with tempfile.SpooledTemporaryFile(max_size=_MAX_SPOOLED) as file:
        journal = RewrittenJournal(file)
        relearning = Relearning(state, lineages, leaves_out, journal)
        relearning.begin(undoes_predictions=undoes_predictions)
        for _ in range(_MAX_ROUNDS):
            if relearning.go_on() <= _FEW_LEARNS:
                break
        # What the next generation begins with, if there is one, is known by now.
        data = relearning.snapshot
        packing = nullcontext() if data is None else pack(data, str(state.model_id))
        with packing as packed, write_transaction():
            row = ServedModel.objects.filter(pk=state.model_id, generation=state.generation).first()
            if row is None:
                raise Changed
            if row.seq - relearning.read_seq > _MAX_LEFT:
                raise StorageUnavailable(f"'{name}' learns more quickly than it learns again; try again.")
            relearning.go_on()
            relearning.check(row.seq)
            rebuilt = _put_in_place(replace(state, seq=row.seq), relearning, packed, journal, now)
            also(rebuilt)
            return rebuilt


def _read(state: ModelState, leaves_out: LeavesOut) -> Lineages:
    """Return a model's generations with the records that are left out."""
    with translated_errors():
        rows = Generation.objects.filter(model_id=state.model_id)
        origins = {row.generation: Origin(row.seq, row.from_generation) for row in rows}
    lineages = Lineages(origins)
    for generation in origins:
        for segment in segments_after(Place(state.model_id, generation, 0)):
            for seq, learn in enumerate(segment.learns, start=segment.first_seq):
                if leaves_out(learn):
                    lineages.leave_out(generation, seq)
    return lineages


def _n_in(lineages: Lineages) -> int:
    return sum(map(len, lineages.left_out.values()))


def _put_in_place(
    state: ModelState,
    relearning: Relearning,
    packed: Packed | None,
    journal: RewrittenJournal,
    now: datetime,
) -> Rebuilt:
    """Replace the journal, and what depends on it, within the transaction; `state` is that of now."""
    lineages = relearning.lineages
    firsts = {number: lineages.first(number) for number in lineages.origins}
    first_seqs = {number: first for number, first in firsts.items() if first is not None}
    if first_seqs:
        # What the segments have said stays in them.
        get_instance_metrics().persist_in_transaction()
        journal.apply(state.model_id)
        _renumber(state.model_id, lineages, first_seqs)
    begun = state
    if packed is not None:
        seq = state.seq - lineages.n_left_out(state.generation, state.seq)
        begun = replace(state, generation=state.generation + 1, seq=seq)
        _begin_generation(state, begun, packed, now)
    return Rebuilt(
        model_id=state.model_id,
        n_left_out=_n_in(lineages),
        generation=begun.generation,
        seq=begun.seq,
        left_generation=state.generation,
        left_seq=state.seq,
        first_seqs=first_seqs,
    )


def _renumber(model_id: int, lineages: Lineages, first_seqs: Mapping[int, int]) -> None:
    """Have what counts the learns of generations count those that are left."""
    for number, first in first_seqs.items():
        Snapshot.objects.filter(model_id=model_id, generation=number, seq__gte=first).delete()
        begun_at = lineages.origins[number].seq
        n_before = lineages.n_left_out(number, begun_at)
        Generation.objects.filter(model_id=model_id, generation=number).update(seq=begun_at - n_before)
    for replay in Replay.objects.filter(model_id=model_id, from_generation__in=first_seqs):
        n_before = lineages.n_left_out(replay.from_generation, replay.seq)
        Replay.objects.filter(pk=replay.pk).update(seq=replay.seq - n_before)


def _begin_generation(left: ModelState, begun: ModelState, packed: Packed, now: datetime) -> None:
    Generation.objects.create(
        model_id=begun.model_id,
        generation=begun.generation,
        kind=Generation.FORGET,
        seq=packed.data.seq,
        from_generation=left.generation,
        started_at=now,
    )
    save_snapshot(begun, packed)
    # What it was to learn again of others, it goes on with.
    replays = Replay.objects.filter(model_id=left.model_id, generation=left.generation)
    replays.update(generation=begun.generation)
    # A turn on the generation before finds the row changed at its commit, and begins anew.
    ServedModel.objects.filter(pk=left.model_id).update(
        generation=begun.generation,
        seq=begun.seq,
        n_undone=F("n_undone") + left.seq - begun.seq,
        size_bytes=len(packed.data.model),
    )
