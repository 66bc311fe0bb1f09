"""From storage to a hot model: the newest snapshot that loads, and the journal after it."""

import logging
import time
from collections.abc import Callable

from models_app.domain.errors import ModelNotLoadable
from models_app.domain.failing import pass_on_interrupt
from models_app.engine import forks
from models_app.engine.hiding import said
from models_app.engine.hot import HotModel, Spoiled
from models_app.engine.ports import ModelState, Recorded, SnapshotData

logger = logging.getLogger(__name__)


def _nobody() -> None:
    """Hear of it, and do nothing."""


def recover(storage: Recorded, state: ModelState, goes_on: Callable[[], None] = _nobody) -> HotModel:
    """Rebuild a model as of its last durable learn; `goes_on` is called as it comes along.

    Raises `ModelNotLoadable` where no snapshot can be unpickled or the journal does not apply.
    """
    hot = _from_newest_snapshot(storage, state)
    forks.end_in_child()
    hot.learned_at = storage.last_learned_at(state)
    catch_up(storage, state, hot, goes_on)
    return hot


def catch_up(
    storage: Recorded, state: ModelState, hot: HotModel, goes_on: Callable[[], None] = _nobody
) -> None:
    """Apply what the journal has after `hot.seq`; somebody else has written it.

    Raises `ModelNotLoadable` where it does not apply or does not lead to `state.seq`; then `hot` is of no
    use any more.
    """
    started = time.perf_counter()
    # What is in the journal could be scored.
    hot.postpones_scores = hot.may_postpone
    for segment in storage.segments(state, after_seq=hot.seq):
        if segment.first_seq != hot.seq + 1:
            break
        try:
            with hot.drawing():
                for learn in segment.learns:
                    hot.replay(learn)
            hot.score_postponed()
        except Spoiled as failure:
            forks.end_in_child()
            raise ModelNotLoadable(
                f"Learn {hot.seq + 1} of the journal of '{state.name}' does not apply: "
                f"{said(failure.error, state)}"
            ) from failure
        forks.end_in_child()
        # They were reported to their listeners when they were learned.
        hot.take_scores()
        goes_on()
    hot.replay_seconds += time.perf_counter() - started
    if hot.seq < state.seq:
        raise ModelNotLoadable(f"The journal of '{state.name}' ends at {hot.seq} instead of {state.seq}.")


def from_snapshot(state: ModelState, snapshot: SnapshotData) -> HotModel:
    """Unpickle one snapshot; raises `ModelNotLoadable`."""
    try:
        return HotModel(state, snapshot)
    except BaseException as error:
        pass_on_interrupt(error)
        forks.end_in_child()
        raise ModelNotLoadable(
            f"The snapshot of '{state.name}' at seq {snapshot.seq} does not load: {said(error, state)}"
        ) from error


def _from_newest_snapshot(storage: Recorded, state: ModelState) -> HotModel:
    failure: ModelNotLoadable | None = None
    for snapshot in storage.snapshots(state):
        try:
            return from_snapshot(state, snapshot)
        except ModelNotLoadable as error:
            logger.warning("%s; trying the one before it", error)
            failure = failure or error
    raise failure or ModelNotLoadable(f"'{state.name}' has no snapshot.")
