"""Learning a model's journal without some of its records, and writing down what is left of it."""

from collections.abc import Callable

from models_app.domain import learns
from models_app.domain.errors import ModelNotLoadable, ModelRaised, NotReplayable
from models_app.domain.learns import Learn
from models_app.domain.lineages import Lineages
from models_app.domain.remarks import NOT_REPLAYABLE
from models_app.domain.set_orders import Settlement
from models_app.engine import forks
from models_app.engine.hiding import said
from models_app.engine.hot import HotModel, Spoiled
from models_app.engine.ports import ModelState, Segment, SnapshotData
from models_app.engine.recovery import from_snapshot
from models_app.engine.relearning import relearn
from models_app.journal.positions import Place
from models_app.journal.reading import segments_after
from models_app.models import Snapshot
from models_app.models.rewriting import Rewritten, RewrittenJournal
from models_app.models.signing import read_snapshot
from models_app.models.transactions import translated_errors

#: Says of a record whether it is left out.
LeavesOut = Callable[[Learn], bool]


class Changed(Exception):
    """The model is not what it was when this began: all has to be computed anew."""


class Misjudged(Exception):
    """Predictions have changed the model: they have to be made on copies from the first on."""


class Relearning:
    """What a model's generations are without some records. It reads the journal, and changes nothing there.

    `lineages` has the records that are left out, as far as the journal was read before; those that are met
    later are added. Where the served generation has any, the model learns the others again, from the newest
    snapshot that has seen none of them.
    """

    def __init__(
        self, state: ModelState, lineages: Lineages, leaves_out: LeavesOut, journal: RewrittenJournal
    ) -> None:
        self.state = state
        self.lineages = lineages
        #: What the next generation begins with; None: the served one goes on, it had none of the records.
        self.snapshot: SnapshotData | None = None
        #: The learn of the served generation up to which the journal was read.
        self.read_seq = lineages.origins[state.generation].seq
        self._leaves_out = leaves_out
        self._journal = journal
        self._ends = lineages.ends(state.generation)
        self._hot: HotModel | None = None
        self._first = 0
        #: The generations that the model learns from, each with the learn after which it does.
        self._learned_from: dict[int, int] = {}

    def begin(self, *, undoes_predictions: bool) -> None:
        """Read what there is of the journal; raises what `rebuild_without` raises."""
        first = self.lineages.first(self.state.generation)
        if first is not None:
            self._first, self._hot = first, self._load(first)
            if undoes_predictions:
                self._hot.undo_predictions()
        for generation, origin in sorted(self.lineages.origins.items()):
            self._rewrite(generation, after=self._learned_from.get(generation, origin.seq))
        if self._hot is not None:
            self.snapshot = self._taken(self._hot)

    def go_on(self) -> int:
        """Read what was learned since, which belongs to the next generation; return how much there was."""
        begun_at = self.read_seq
        self._rewrite(self.state.generation, after=begun_at)
        return self.read_seq - begun_at

    def check(self, seq: int) -> None:
        """Raise unless all up to learn `seq` was read, and what came of it is what the model would be."""
        if self.read_seq != seq:
            raise ModelNotLoadable(
                f"The journal of '{self.state.name}' ends at {self.read_seq} instead of {seq}."
            )
        hot = self._hot
        if hot is not None and not hot.is_known:
            if hot.is_misjudged:
                raise Misjudged
            if not hot.is_replayable:
                raise not_replayable(self.state.name)

    def _load(self, first: int) -> HotModel:
        """Return the model as of the newest snapshot from before learn `first`."""
        failure: ModelNotLoadable | None = None
        for generation, end in reversed(self._ends.items()):
            with translated_errors():
                kept = Snapshot.objects.filter(model_id=self.state.model_id, generation=generation)
                seqs = list(kept.order_by("-seq").values_list("seq", flat=True))
            for seq in seqs:
                if seq < first and seq <= end:
                    try:
                        hot = self._load_snapshot(generation, seq)
                    except ModelNotLoadable as error:
                        failure = failure or error
                        continue
                    later = (each for each in self._ends if each > generation)
                    begins = {each: self.lineages.origins[each].seq for each in later}
                    self._learned_from = {generation: seq, **begins}
                    return hot
        raise failure or ModelNotLoadable(f"'{self.state.name}' has no snapshot from before learn {first}.")

    def _load_snapshot(self, generation: int, seq: int) -> HotModel:
        with translated_errors():
            rows = Snapshot.objects.select_related("model")
            row = rows.filter(model_id=self.state.model_id, generation=generation, seq=seq).first()
        if row is None:
            # Thinned out meanwhile: the served generation has learned on.
            raise Changed
        return from_snapshot(self.state, read_snapshot(row))

    def _rewrite(self, generation: int, *, after: int) -> None:
        is_served = generation == self.state.generation
        if is_served:
            self.read_seq = after
        for segment in segments_after(Place(self.state.model_id, generation, after)):
            if is_served:
                if segment.first_seq != self.read_seq + 1:
                    return
                self.read_seq = segment.last_seq
            self._rewrite_segment(generation, segment)

    def _rewrite_segment(self, generation: int, segment: Segment) -> None:
        hot = self._hot
        end = self._ends[generation] if generation in self._learned_from else 0
        kept: list[Learn] = []
        for seq, learn in enumerate(segment.learns, start=segment.first_seq):
            if self._leaves_out(learn):
                self._leave_out(generation, seq)
            elif hot is not None and seq <= end:
                kept.append(self._learn(hot, generation, seq, learn))
            else:
                kept.append(learn)
        if hot is not None:
            # They were reported when they were learned first.
            hot.take_scores()
        first = self.lineages.first(generation)
        if self.snapshot is not None or (first is not None and first <= segment.last_seq):
            self._add(generation, segment, kept, is_new=segment.first_seq <= end)

    def _leave_out(self, generation: int, seq: int) -> None:
        if self._hot is None and generation == self.state.generation:
            # Learned since the journal was read first: it takes another model.
            raise Changed
        self.lineages.leave_out(generation, seq)

    def _learn(self, hot: HotModel, generation: int, seq: int, learn: Learn) -> Learn:
        """Let the model learn a record of its lineage; return the record as it is then."""
        if hot.seq != seq - 1 - self.lineages.n_left_out(generation, seq):
            raise ModelNotLoadable(f"The journal of '{self.state.name}' has a gap before learn {seq}.")
        try:
            with hot.drawing():
                if seq > self._first:
                    return relearn(hot, learn)
                hot.replay(learn)
                return learn
        except (ModelRaised, Spoiled) as failure:
            raise NotReplayable(
                f"'{self.state.name}' does not take learn {seq} of generation {generation} without what was "
                f"before it: {said(failure.__cause__ or failure, self.state)}"
            ) from failure
        finally:
            forks.end_in_child()

    def _add(self, generation: int, segment: Segment, kept: list[Learn], *, is_new: bool) -> None:
        is_text_new = is_new or len(kept) < len(segment.learns)
        begins_next = self.snapshot is not None
        self._journal.add(
            Rewritten(
                old_generation=generation,
                old_first_seq=segment.first_seq,
                generation=self.state.generation + 1 if begins_next else generation,
                first_seq=segment.first_seq - self.lineages.n_left_out(generation, segment.first_seq - 1),
                n_learns=len(kept),
                text=learns.encode(kept) if kept and is_text_new else None,
            )
        )

    def _taken(self, hot: HotModel) -> SnapshotData:
        settlement = Settlement()
        try:
            snapshot = hot.snapshot(settlement)
        except ModelRaised as failure:
            reason = said(failure.__cause__ or failure, self.state)
            raise NotReplayable(f"'{self.state.name}' cannot be kept as it is then: {reason}") from failure
        finally:
            forks.end_in_child()
        settlement.make()
        return snapshot


def not_replayable(name: str) -> NotReplayable:
    """Return the refusal for a model that nobody can have again."""
    return NotReplayable(f"Nobody can say what '{name}' would be. {NOT_REPLAYABLE['message']}")
