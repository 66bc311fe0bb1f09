"""Runs: learns of a batch that come one after the other, as they were sent, and are applied as one."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, repeat
from typing import TYPE_CHECKING, cast

from models_app.domain.contracts import Contract
from models_app.domain.predictions import Prediction
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import Command, LearnFeatures
from models_app.engine.hot import Spoiled

if TYPE_CHECKING:
    from models_app.engine.batches import Batch


def apply_run(batch: "Batch", commands: Sequence[Command], start: int, deadline: float) -> int:
    """Apply learns that come one after the other from `start` on; return of how many that is."""
    learned: list[tuple[GroundTruth, Prediction]] = []
    spoiled: Spoiled | None = None
    try:
        batch.hot.learn_run(_of_a_run(commands, start, batch.hot.contract), learned, deadline)
    except Spoiled as error:
        spoiled = error
    end = start + len(learned)
    if learned:
        _take_run(batch, cast("Sequence[LearnFeatures]", commands[start:end]), learned)
    if spoiled is not None:
        end += 1
        batch.fail(commands[end - 1], spoiled)
    if any(command.relies_on_default for command in commands[start:end]):
        batch.write.relies_on_default = True
    return end - start


def _take_run(
    batch: "Batch", run: Sequence[LearnFeatures], learned: Sequence[tuple[GroundTruth, Prediction]]
) -> None:
    hot = batch.hot
    came_at = (command.received_at for command in run)
    # See `stamp`.
    _, *times = accumulate(came_at, max, initial=hot.learned_at)
    hot.learned_at = times[-1]
    batch.late.add_run(run, learned, times)
    batch.answers += zip(run, range(hot.seq + 1 - len(run), hot.seq + 1), repeat(None), strict=False)
    if batch.wants_events:
        for command, (y_true, y_pred) in zip(run, learned, strict=True):
            batch.tell_learned(command.text, y_pred, y_true)


def _of_a_run(commands: Sequence[Command], start: int, contract: Contract | None) -> Iterator[LearnFeatures]:
    """Yield what is learned as it was sent, from `start` on up to what is something else, or is refused."""
    for command in islice(commands, start, None):
        if type(command) is not LearnFeatures or command.has_members or command.permits is not None:
            return
        if contract is not None and not contract.allows(command.x):
            return
        yield command
