"""Where the time of a turn went: for the model's timings, and for whoever traces a request."""

from itertools import groupby
from operator import attrgetter

from models_app.engine.commands import Predict, PredictInDetail
from models_app.engine.timings import TimingsByModel
from models_app.engine.tracing import Stages
from models_app.engine.turn import Turn


def record(all_timings: TimingsByModel, turn: Turn, written_at: float) -> None:
    """Count how long the requests of a turn, and its parts, have taken, and what was refused of it."""
    timed = [command for command in turn.commands[: turn.n_applied] if command.is_timed]
    if not timed:
        return
    timings = all_timings.of(turn.state)
    for queued_at, group in groupby(timed, attrgetter("queued_at")):
        kinds = [type(command) for command in group]
        n_predictions = kinds.count(Predict) + kinds.count(PredictInDetail)
        timings.wait.record(turn.started_at - queued_at, len(kinds))
        timings.answered(written_at - queued_at, n_predictions, len(kinds) - n_predictions)
    timings.compute.record(turn.computed_at - turn.started_at)
    if turn.is_needed:
        timings.commit.record(written_at - turn.computed_at)
    timings.learned(turn.write.learns)
    if turn.batch.refused:
        timings.refused.update(turn.batch.refused)


def report_traces(turn: Turn, written_at: float) -> None:
    """Report to traces where the time went; before the answers, which end their interest."""
    for command in turn.commands[: turn.n_applied]:
        if command.trace is not None:
            command.trace.model = turn.queue.name
            command.trace.stages = Stages(
                command.queued_at,
                turn.started_at,
                turn.computed_at,
                written_at if turn.is_needed else None,
                turn.queue.n_served,
            )
