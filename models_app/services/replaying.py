"""Learning again what an earlier generation had learned."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from models_app.domain.errors import NotReplayable
from models_app.domain.learns import Learn
from models_app.engine.commands import LearnAgain, ReplayTarget
from models_app.engine.ports import ModelState
from models_app.journal import reading
from models_app.journal.positions import Place
from models_app.models import Generation, Replay, ServedModel
from models_app.models.transactions import write_transaction
from models_app.services import auditing
from models_app.services.feeding import Feed
from models_app.services.files import BadLine
from models_app.services.finding import find_row
from models_app.services.states import state_of


def begin_replay(
    *,
    name: str,
    generation: int,
    after: int | None = None,
    until: int | None = None,
    scores_answers: bool = False,
) -> "PlannedReplay":
    """Prepare what lets a model learn again what it had learned as an earlier generation.

    It begins after the learn that both generations have in common, or where an earlier replay of the same
    has ended; with `after`, later: what stands in between is left out for good. It ends with learn `until`.
    The model predicts each record, is scored and learns, as from features; or what is scored is the
    prediction that was answered then.

    Raises `ModelNotFound`, `NotReplayable`, `StorageUnavailable`.
    """
    with write_transaction():
        model = find_row(name)
        common_seq = _common_seq(model, generation)
        last_seq = max(reading.last_seq(model.pk, generation), common_seq)
        replay, _ = Replay.objects.get_or_create(
            model=model,
            generation=model.generation,
            from_generation=generation,
            defaults={"seq": common_seq},
        )
        if after is not None:
            _check(after, "after", replay.seq, last_seq)
            replay.seq = after
            replay.save(update_fields=["seq"])
        if until is not None:
            _check(until, "until", replay.seq, last_seq)
        auditing.record(
            action="replay",
            model=name,
            generation=generation,
            after=replay.seq,
            until=last_seq if until is None else until,
        )
    return PlannedReplay(
        source=replace(state_of(model), generation=generation, seq=last_seq),
        target=ReplayTarget(replay.pk, model.generation, scores_answers),
        after_seq=replay.seq,
        until_seq=last_seq if until is None else until,
    )


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """Learn `line` of an earlier generation."""

    line: int
    learn: Learn

    @property
    def features(self) -> bytes:
        """The features, as JSON text."""
        return bytes(self.learn.features)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedReplay:
    """Learns `after_seq + 1` to `until_seq` of `source`, which the target is to learn again."""

    source: ModelState
    target: ReplayTarget
    after_seq: int
    until_seq: int

    def feed(self) -> Feed[JournalRecord]:
        """Return what has the model learn the records, in order; it ends at the first that is refused."""
        return Feed(self._to_command, skip_errors=False)

    def records(self) -> Iterator[JournalRecord | BadLine]:
        """Yield the records, up to a gap in the journal if it has one."""
        seq = self.after_seq
        place = Place(self.source.model_id, self.source.generation, seq)
        for seq, learn in reading.learns_after(place, until_seq=self.until_seq):
            yield JournalRecord(seq, learn)
        if seq < self.until_seq:
            error = NotReplayable(f"The journal of '{self.source.name}' has a gap after learn {seq}.")
            yield BadLine(line=seq + 1, error=error, ends_file=True)

    def _to_command(self, record: JournalRecord) -> LearnAgain:
        return LearnAgain(
            self.source.name,
            record.learn,
            self.target,
            record.line,
            time.time(),
        )


def _common_seq(model: ServedModel, source: int) -> int:
    """Return up to which learn of generation `source` the served one has it all; raises `NotReplayable`.

    Of one that it does not stem from, it is where that began: what came before is an earlier generation's.
    """
    rows = {row.generation: row for row in Generation.objects.filter(model=model)}
    row = rows[model.generation]
    if source not in rows or source >= row.generation:
        raise NotReplayable(f"Generation {source} of '{model.name}' is none before {row.generation}.")
    if any(number > source and later.kind == Generation.UPLOAD for number, later in rows.items()):
        raise NotReplayable(f"A later upload to '{model.name}' has discarded generation {source}.")
    while row.from_generation is not None:
        if row.from_generation == source:
            return row.seq
        row = rows[row.from_generation]
    return rows[source].seq


def _check(seq: int, field: str, lowest: int, highest: int) -> None:
    if not lowest <= seq <= highest:
        raise NotReplayable({field: [f"must be from {lowest} to {highest}"]})
