"""What the engine of a shard does about models that end it."""

import threading
from collections.abc import Collection

from models_app.domain.errors import ModelQuarantined
from models_app.engine.ports import ModelState
from models_app.engine.precautions import Precautions
from models_app.processes.boards import Board, Slot
from models_app.services.quarantine.releasing import find_quarantined


class _Turn(threading.local):
    """The turn of a thread."""

    slot: Slot | None = None
    is_alone = False


class ShardPrecautions(Precautions):
    """Keeps a board of turns, has suspects work one at a time, and none that is in quarantine."""

    __slots__ = ("_board", "_gate", "_patience", "_suspects", "_turn")

    def __init__(self, board: Board, suspects: Collection[str], *, patience: float) -> None:
        """`suspects` are those of earlier ends; one waits for another no longer than `patience`."""
        self._board = board
        self._suspects = frozenset(suspects)
        self._gate = threading.Lock()
        self._patience = patience
        self._turn = _Turn()

    def check(self, state: ModelState) -> None:
        """Raise `ModelQuarantined` where a model must not be loaded."""
        check(state)

    def begin(self, name: str) -> None:
        """Note the turn; of two suspects the second waits, so that the board says which it was."""
        turn = self._turn
        slot = turn.slot
        if slot is None:
            slot = turn.slot = self._board.take_slot()
        if self._suspects and name in self._suspects:
            turn.is_alone = self._gate.acquire(timeout=self._patience)
        slot.enter(name)

    def end(self) -> None:
        """Note its end."""
        turn = self._turn
        if turn.slot is not None:
            turn.slot.leave()
        if turn.is_alone:
            turn.is_alone = False
            self._gate.release()

    def leave_thread(self) -> None:
        """Give the thread's slot back, after its last turn."""
        if self._turn.slot is not None:
            self._board.give_back(self._turn.slot)
            self._turn.slot = None


class QuarantineOnly(Precautions):
    """Loads no model that is in quarantine, in a process that has no board."""

    __slots__ = ()

    def check(self, state: ModelState) -> None:
        """Raise `ModelQuarantined` where a model must not be loaded."""
        check(state)


def check(state: ModelState) -> None:
    """Raise `ModelQuarantined` where a model must not be loaded; raises `StorageUnavailable`."""
    found = find_quarantined(state.model_id, state.generation)
    if found is not None:
        raise ModelQuarantined(state.name, found.n_ends, found.how)
