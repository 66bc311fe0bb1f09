"""Commits of what is computed and not yet written: one thread at a time writes all of it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from models_app.domain.errors import StorageUnavailable
from models_app.domain.failing import described
from models_app.engine.gathering import Gathering, Patience
from models_app.engine.ports import Storage
from models_app.engine.turn import Outcome, Turn

logger = logging.getLogger(__name__)


class Committer:
    """Commits turns, those of all models together. `finish` is called with turns and what became of each."""

    def __init__(
        self, storage: Storage, *, finish: Callable[[Sequence[Turn], Sequence[Outcome]], None]
    ) -> None:
        self._storage = storage
        self._finish = finish
        self._lock = threading.Lock()
        self._unwritten: list[Turn] = []
        self._gathering = Gathering()
        self._is_committing = False
        self._patience = Patience()

    @property
    def patience(self) -> float:
        """Return how long to wait for who is expected, in seconds."""
        return self._patience.seconds

    def add(self, turn: Turn) -> None:
        """Have a turn written by whoever commits next."""
        with self._lock:
            self._unwritten.append(turn)
            self._gathering.arrived(len(self._unwritten))

    def commit(self) -> bool:
        """Write and answer what has been computed; say whether there was anything.

        One thread at a time does so, with what the others compute meanwhile, too: they need not wait for it.
        """
        has_committed = False
        while self._may_commit():
            turns: list[Turn] = []
            outcomes: Sequence[Outcome] | None = None
            try:
                turns = self._take_unwritten()
                started = time.perf_counter()
                outcomes = self._write(turns)
                self._patience.committed(time.perf_counter() - started)
            finally:
                # Whatever happens: nobody else commits while it says that somebody does.
                with self._lock:
                    self._is_committing = False
                    n_expected = len(turns) + len(self._unwritten)
                    self._gathering.expect(n_expected, time.perf_counter(), self.patience)
                if outcomes is None:
                    outcomes = [StorageUnavailable("The batch could not be written.")] * len(turns)
                self._finish(turns, outcomes)
            has_committed = True
        return has_committed

    def _may_commit(self) -> bool:
        with self._lock:
            if self._is_committing or not self._unwritten:
                return False
            self._is_committing = True
            return True

    def _take_unwritten(self) -> list[Turn]:
        with self._lock:
            is_awaited = self._gathering.begin(len(self._unwritten), time.perf_counter())
        if is_awaited:
            self._gathering.wait()
        with self._lock:
            if is_awaited:
                self._gathering.end()
            turns, self._unwritten = self._unwritten, []
            return turns

    def _write(self, turns: list[Turn]) -> Sequence[Outcome]:
        try:
            return self._storage.commit([turn.write for turn in turns])
        except StorageUnavailable as error:
            return [error] * len(turns)
        except BaseException as error:
            # A mistake of ours must not leave the queues without a turn for good.
            logger.exception("%d batches could not be written", len(turns))
            return [StorageUnavailable(f"The batch could not be written: {described(error)}.")] * len(turns)
