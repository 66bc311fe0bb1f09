"""Verifying a journal: does folding it over the first snapshot lead to what is served now?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from models_app.domain import blobs, scoring
from models_app.domain.comparisons import compare
from models_app.domain.errors import ChantillyError, ModelNotFound, ModelNotLoadable
from models_app.domain.failing import pass_on_interrupt
from models_app.engine import forks
from models_app.engine.hiding import said
from models_app.engine.hot import HotModel, Spoiled
from models_app.engine.ports import ModelState, Segment, SnapshotData
from models_app.engine.recovery import from_snapshot, recover
from models_app.journal.positions import Place
from models_app.journal.reading import segments_after
from models_app.models import Generation
from models_app.models.signing import read_snapshot, snapshots_of
from models_app.models.storage import get_storage
from models_app.models.transactions import translated_errors
from models_app.services.states import is_known_not_to_be_replayable


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome of folding a model's journal from the snapshot at `first_seq` up to learn `seq`.

    `n_compared` snapshots on the way were compared with the fold; `differences` says, in order, what is not
    as it should be. With `has_unseeded`, random generators without a seed differ, and nothing else: no replay
    can draw what the operating system drew. Of a model that is not `is_replayable` the journal and the
    metrics are verified, not the model: it looks at the clock, or the like, when it learns.
    """

    name: str
    first_seq: int
    seq: int
    n_compared: int
    has_unseeded: bool
    differences: tuple[str, ...]
    is_replayable: bool = True

    @property
    def is_equal(self) -> bool:
        """Say whether everything is as the journal says."""
        return not self.differences


def verify_model(*, name: str) -> Verification:
    """Fold a model's journal over its first snapshot and compare with its newest snapshot and what follows.

    The snapshots on the way are compared as well, so that the first one that is wrong is named. What is
    learned after the call belongs to the next verification. Three live models are in memory at a time.
    Whatever the model raises meanwhile is a difference, too.

    Raises `ModelNotFound`, `StorageUnavailable`.
    """
    forks.own()
    while True:
        state = _find(name)
        verification = _Verifier(state).verify()
        now = _find(name)
        if verification.is_equal or (now.model_id, now.generation) == (state.model_id, state.generation):
            return verification
        # It was replaced meanwhile, and what was compared deleted: that is no difference.


def _find(name: str) -> ModelState:
    state = get_storage().find_state(name)
    if state is None:
        raise ModelNotFound(name)
    return state


class _AsOf:
    """The storage as it was at learn `seq`, whatever a server learns meanwhile."""

    def __init__(self, seq: int) -> None:
        self._seq = seq

    def last_learned_at(self, state: ModelState) -> float:
        """Say when it has last learned, after the seq too: it matters to later learns only."""
        return get_storage().last_learned_at(state)

    def snapshots(self, state: ModelState) -> Iterator[SnapshotData]:
        """Leave out the snapshots taken later."""
        return (snapshot for snapshot in get_storage().snapshots(state) if snapshot.seq <= self._seq)

    def segments(self, state: ModelState, after_seq: int) -> Iterator[Segment]:
        """End with the segment that leads to the seq."""
        return segments_after(Place(state.model_id, state.generation, after_seq), until_seq=self._seq)


class _Verifier:
    """One verification."""

    def __init__(self, state: ModelState) -> None:
        self._state = state
        self._storage = _AsOf(state.seq)
        self._generations = _generations(state)
        self._differences: list[str] = []
        self._n_compared = 0
        self._has_unseeded = False
        self._is_replayable = not is_known_not_to_be_replayable(state)

    def verify(self) -> Verification:
        kept = self._kept()
        first_seq = kept[0].seq if kept else 0
        try:
            if not kept:
                raise ModelNotLoadable(f"'{self._state.name}' has no snapshot.")
            self._compare_with_live(self._fold(kept[0], {place.seq: place for place in kept[1:]}))
        except ModelNotLoadable as error:
            self._differences.append(str(error))
        except ChantillyError:
            raise
        except BaseException as error:
            # The model's own doing, wherever it is called: the models after it are verified all the same.
            pass_on_interrupt(error)
            self._differences.append(f"It cannot be verified: {said(error, self._state)}")
        finally:
            forks.end_in_child()
        return Verification(
            name=self._state.name,
            first_seq=first_seq,
            seq=self._state.seq,
            n_compared=self._n_compared,
            has_unseeded=self._has_unseeded,
            differences=tuple(self._differences),
            is_replayable=self._is_replayable,
        )

    def _kept(self) -> list[Place]:
        """Return where there are snapshots, the oldest first."""
        places = []
        for generation in self._generations:
            with translated_errors():
                kept = snapshots_of(replace(self._state, generation=generation))
                seqs = kept.filter(seq__lte=self._state.seq).order_by("seq").values_list("seq", flat=True)
                places += [Place(self._state.model_id, generation, seq) for seq in seqs]
        return places

    def _fold(self, first: Place, to_compare: dict[int, Place]) -> HotModel:
        """Return the first snapshot with the journal applied; raises `ModelNotLoadable` where that fails."""
        folded = self._load(first)
        if folded is None:
            raise ModelNotLoadable(f"The snapshot at seq {first.seq} was deleted meanwhile.")
        for segment in self._segments(first):
            self._check_place(segment, folded.seq)
            for learn in segment.learns:
                try:
                    # What is compared in between draws nothing of the model's.
                    with folded.drawing():
                        folded.replay(learn)
                except Spoiled as failure:
                    raise ModelNotLoadable(
                        f"Learn {folded.seq + 1} does not apply: {said(failure.error, self._state)}"
                    ) from failure
                forks.end_in_child()
                if folded.seq in to_compare:
                    self._compare_with_snapshot(folded, to_compare[folded.seq])
            folded.take_scores()
        if folded.seq != self._state.seq:
            raise ModelNotLoadable(f"The journal ends at {folded.seq} instead of {self._state.seq}.")
        return folded

    def _segments(self, first: Place) -> Iterator[Segment]:
        for generation in self._generations:
            if generation >= first.generation:
                after_seq = first.seq if generation == first.generation else 0
                yield from self._storage.segments(replace(self._state, generation=generation), after_seq)

    @staticmethod
    def _check_place(segment: Segment, seq: int) -> None:
        n_reported = segment.last_seq - segment.first_seq + 1
        if segment.first_seq != seq + 1:
            raise ModelNotLoadable(f"After learn {seq} the journal goes on with {segment.first_seq}.")
        if len(segment.learns) != n_reported:
            raise ModelNotLoadable(
                f"The segment {segment.first_seq} to {segment.last_seq} has {len(segment.learns)} learns."
            )

    def _compare_with_snapshot(self, folded: HotModel, place: Place) -> None:
        try:
            kept = self._load(place)
        except ModelNotLoadable as error:
            self._differences.append(str(error))
            return
        # Only the last few snapshots are kept: this one may be gone by now.
        if kept is not None:
            self._n_compared += 1
            self._compare(folded, kept, f"the snapshot at seq {kept.seq}")

    def _compare_with_live(self, folded: HotModel) -> None:
        live = recover(self._storage, self._state)
        self._compare(folded, live, f"the served model at seq {live.seq}")

    def _compare(self, folded: HotModel, other: HotModel, title: str) -> None:
        # It may have been found out by this very fold.
        self._is_replayable &= folded.is_replayable
        compared = compare(_normal(other.model), _normal(folded.model))
        self._has_unseeded |= compared.has_unseeded
        if compared.difference is not None and self._is_replayable:
            self._differences.append(
                f"The model of {title} is not the one that the journal leads to: {compared.difference}."
            )
        # Some of River's metrics take in what they were updated with when they are asked.
        written, folded_values = scoring.values(other.metrics), scoring.values(folded.metrics)
        difference = compare(other.metrics, folded.metrics, name="metrics").difference
        if difference is not None:
            self._differences.append(
                f"The metrics of {title} are {written}, those that the journal leads to {folded_values}: "
                f"{difference}."
            )

    def _load(self, place: Place) -> HotModel | None:
        """Unpickle the snapshot at a place; None where it is gone. Raises `ModelNotLoadable`."""
        with translated_errors():
            kept = snapshots_of(replace(self._state, generation=place.generation))
            row = kept.filter(seq=place.seq).first()
        return None if row is None else from_snapshot(self._state, read_snapshot(row))


def _generations(state: ModelState) -> list[int]:
    """Return the generations whose journals follow each other up to what is served, the oldest first.

    A forgetting leaves the rest of the journal, and goes on from there: what it has made is verified, too.
    """
    with translated_errors():
        rows = {row.generation: row for row in Generation.objects.filter(model_id=state.model_id)}
    found = [state.generation]
    while (row := rows[found[0]]).kind == Generation.FORGET and row.from_generation is not None:
        found.insert(0, row.from_generation)
    return found


def _normal(model: object) -> object:
    """Return a model as its own pickle has it; as it is where it has none."""
    try:
        return blobs.loads(blobs.dumps(model))
    except BaseException as error:
        pass_on_interrupt(error)
        return model
