"""A thread inside a model's own code, and who waits for it to come back."""

import threading
import time
from collections.abc import Sequence

from models_app.engine.commands import Command


class Visit:
    """A thread's visit to a model's code on behalf of some commands.

    It ends once: when the thread comes back and takes the answers with it, or before, when the commands are
    refused. `since` is on the clock of `time.perf_counter`. A visit `is_long` that may well take minutes
    though nothing is wrong: a snapshot of a large model, the replay of a long journal.
    """

    __slots__ = ("_has_ended", "commands", "is_long", "since")

    def __init__(self, commands: Sequence[Command], since: float, *, is_long: bool = False) -> None:
        self.commands = commands
        self.since = since
        self.is_long = is_long
        # Whoever gets it has ended the visit.
        self._has_ended = threading.Lock()

    def end(self) -> bool:
        """End the visit; False: it has ended already, and the commands are somebody else's to answer."""
        return self._has_ended.acquire(blocking=False)

    @property
    def is_under_way(self) -> bool:
        """Say whether it has not ended."""
        return not self._has_ended.locked()

    def goes_on(self) -> None:
        """Note that the model has come back, and is about to be called again."""
        self.since = time.perf_counter()


class VisitRefused(Exception):
    """The commands were refused while the thread was in the model's code: what it has done is dropped."""
