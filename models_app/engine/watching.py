"""Models that do not come back: who waits for them is refused, and nobody else notices."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType

from models_app.domain.errors import ChantillyError, ModelBusy, ServerStopping
from models_app.engine.commands import Command, Maintenance
from models_app.engine.delivery import deliver
from models_app.engine.queues import ModelQueue

logger = logging.getLogger(__name__)

# A snapshot of a large model or the replay of a long journal may take so many times as long as a request.
_LONG = 10
# A model that takes no longer than this is not worth a word, in seconds.
_NOTABLE_SECONDS = 1.0

#: The queue that a thread serves, and the thread's number.
Serving = tuple[ModelQueue, int | None]


class Watchdog:
    """Refuses who has waited too long for a model that is stuck in its own code.

    The thread in there cannot be ended. What it brings back is dropped, and the model is rebuilt from the
    journal: a refused request changes nothing. Until then whoever asks the model is refused at once.
    """

    def __init__(
        self,
        lock: threading.Lock,
        serving: Callable[[], Iterable[Serving]],
        refused: Callable[[ModelQueue, Sequence[Command], ChantillyError], None],
    ) -> None:
        """`lock` is the engine's, for its queues; `refused` hears of what was refused."""
        self._lock = lock
        self._serving = serving
        self._refused = refused
        self._seconds: float | None = None
        self._ends_at: float | None = None

    @property
    def is_in_a_hurry(self) -> bool:
        """Say whether the server stops."""
        return self._ends_at is not None

    def hurry(self, ends_at: float) -> None:
        """Refuse who waits for a model that is not quick, from `ends_at` on whoever waits: the server stops.

        `ends_at` is on the clock of `time.perf_counter`.
        """
        self._ends_at = ends_at

    def refuse_after(self, seconds: float) -> None:
        """Refuse from now on who has waited that long for a model that is stuck."""
        self._seconds = seconds

    def busy(self) -> dict[str, float]:
        """Return for how many seconds models have been busy with what they do now, from one second on."""
        now = time.perf_counter()
        seconds = {queue.name: now - since for queue, _, since in self._under_way()}
        return {name: taken for name, taken in seconds.items() if taken >= _NOTABLE_SECONDS}

    def look(self) -> None:
        """Refuse who has waited too long."""
        now = time.perf_counter()
        if self._ends_at is not None:
            for queue, _, since in self._under_way():
                if not queue.is_stuck and (now - since >= _NOTABLE_SECONDS or now >= self._ends_at):
                    self._leave(queue, now - since)
            return
        if self._seconds is None:
            return
        for queue, thread, since in self._under_way():
            if now - since >= min(_NOTABLE_SECONDS, self._seconds) and not queue.is_stuck:
                self._judge(queue, thread, now - since, self._seconds)

    def refuse_all(self) -> None:
        """Refuse whoever still waits for a model that has not come back: the server stops."""
        for queue, _, _ in self._under_way():
            visit = queue.visit
            if visit is not None and visit.end():
                self._refuse(queue, visit.commands, ServerStopping())

    def _under_way(self) -> Iterator[tuple[ModelQueue, int | None, float]]:
        for queue, thread in self._serving():
            visit = queue.visit
            if visit is not None and (queue.is_stuck or visit.is_under_way):
                yield queue, thread, visit.since

    def _judge(self, queue: ModelQueue, thread: int | None, taken: float, limit: float) -> None:
        with self._lock:
            visit = queue.visit
            if visit is None or not visit.is_under_way:
                return
            if taken >= limit * (_LONG if visit.is_long else 1) and visit.end():
                queue.is_stuck = True
                refused = [*visit.commands, *_take_requests(queue)]
            else:
                # It may come back yet; but those who wait in single requests have waited long enough.
                refused = _take_requests(queue, before=time.perf_counter() - limit)
        if queue.is_stuck:
            place = _place(sys._current_frames().get(thread or 0))
            logger.warning(
                "'%s' has not come back for %.0f s%s; it refuses requests until it does",
                queue.name, taken, place,
            )  # fmt: skip
        self._refuse(queue, refused, ModelBusy(queue.name, taken))

    def _leave(self, queue: ModelQueue, taken: float) -> None:
        """Wait no longer for a model's answers. Maintenance goes on: it has what time the stop has."""
        with self._lock:
            visit = queue.visit
            if visit is None or not visit.is_under_way:
                return
            refused = _take_requests(queue)
            if visit.commands and visit.end():
                queue.is_stuck = True
                refused = [*visit.commands, *refused]
        if refused:
            logger.warning(
                "'%s' has been busy for %.1f s, and the server stops: %d requests were refused",
                queue.name, taken, len(refused),
            )  # fmt: skip
        self._refuse(queue, refused, ServerStopping())

    def _refuse(self, queue: ModelQueue, commands: Sequence[Command], error: ChantillyError) -> None:
        deliver([(command, None, error) for command in commands])
        self._refused(queue, commands, error)


def _take_requests(queue: ModelQueue, *, before: float | None = None) -> list[Command]:
    """Remove and return the requests that wait; with `before`, the single ones that were queued before it."""
    taken: list[Command] = []
    left: list[Command] = []
    for command in queue.commands:
        is_old = before is None or (command.bundle is None and command.queued_at <= before)
        (taken if is_old and not isinstance(command, Maintenance) else left).append(command)
    if taken:
        queue.commands.clear()
        queue.commands.extend(left)
    return taken


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return ""
    return f", in {frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})"
