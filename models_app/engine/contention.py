"""Several processes that write to one model: who waits for whom, and how long a turn may take then."""

import time
from collections.abc import Sequence

from models_app.engine.commands import Command
from models_app.engine.ports import Storage
from models_app.engine.queues import ModelQueue

# Two that write to one model take turns for so long after the other has written last.
_CONTENDED_SECONDS = 3.0
# A turn computes no longer then than this, or than a share of what went by since the last one of its process:
# on a slow disk, or where processes wait for a core, it has to be worth its commit and the wait for it. The
# other one replays it meanwhile, which may take twice as long: with half of that, turns grew and grew.
_SHARED_SECONDS = 0.0006
_SHARE = 0.25
# Batches of so many records of streams and arrays ask for a turn before they have lost to anybody.
_LONG = 32
# Who has not got its turn by then goes on without: the commit decides whether that was right.
_TURN_PATIENCE = 0.25
# How many times as long a turn may take that serves records of streams and arrays only.
_STREAM_TURN = 5


class Contention:
    """The turns of this process beside those of others. Any number of threads share it."""

    __slots__ = ("_batch_seconds", "_storage")

    def __init__(self, storage: Storage, batch_seconds: float) -> None:
        """`batch_seconds` is how long a turn may compute where nobody else writes."""
        self._storage = storage
        self._batch_seconds = batch_seconds

    def enter(self, queue: ModelQueue, commands: Sequence[Command]) -> bool:
        """Wait for other processes that write to the model, too; say whether there are any.

        False, too, where nobody has written for a while, or somebody is stuck in there: as if we were alone.
        """
        if not queue.contended_until:
            if len(commands) < _LONG or not are_of_streams(commands):
                return False
            # They come so close upon each other that others lose to them, and they to nobody. Who has lost
            # has the gate now and then.
            queue.has_turn = self._storage.enter_turn(queue.name, 0.0)
            if queue.has_turn:
                return False
            queue.contended_until = time.perf_counter() + _CONTENDED_SECONDS
        if time.perf_counter() < queue.contended_until:
            queue.has_turn = self._storage.enter_turn(queue.name, _TURN_PATIENCE)
        if not queue.has_turn:
            queue.contended_until = 0.0
        queue.waited_seconds = time.perf_counter() - queue.left_at if queue.left_at else 0.0
        return queue.has_turn

    def leave(self, queue: ModelQueue) -> None:
        """End the turn that `enter` has begun."""
        queue.has_turn = False
        self._storage.leave_turn(queue.name)
        queue.left_at = time.perf_counter()

    def seconds_for(self, queue: ModelQueue, commands: list[Command]) -> float:
        """Return how long a turn may compute."""
        if queue.contended_until:
            # Others wait meanwhile. Who has not heard of turns yet is to be met by something short.
            seconds = max(_SHARED_SECONDS, _SHARE * min(queue.waited_seconds, self._batch_seconds))
            return min(seconds / (1 << queue.n_conflicts), self._batch_seconds)
        # Clients that send many records on one connection wait for none of them; fewer commits are better.
        return self._batch_seconds * (_STREAM_TURN if are_of_streams(commands) else 1)

    def note(self, queue: ModelQueue) -> None:
        """Note that somebody else has just written to the model."""
        queue.contended_until = time.perf_counter() + _CONTENDED_SECONDS


def are_of_streams(commands: Sequence[Command]) -> bool:
    """Say whether all commands are records of streams, of arrays or of files."""
    for command in commands:  # noqa: SIM110  # for every turn: as a generator it takes several times as long
        if command.bundle is None:
            return False
    return True
