"""A turn of one model, as it is handed from who computes it to who commits it."""

from dataclasses import dataclass

from models_app.domain.errors import StorageUnavailable
from models_app.engine.batches import Batch
from models_app.engine.commands import Command
from models_app.engine.hot import HotModel
from models_app.engine.ports import Conflict, ModelState, Write
from models_app.engine.queues import ModelQueue


@dataclass(slots=True, kw_only=True)
class Turn:
    """A batch on its way: computed, and not yet written.

    `write` has to be durable before the answers, where it `is_needed`.
    """

    queue: ModelQueue
    state: ModelState
    hot: HotModel
    commands: list[Command]
    batch: Batch
    write: Write
    is_needed: bool
    n_applied: int
    started_at: float
    computed_at: float


Outcome = int | Conflict | StorageUnavailable | None
