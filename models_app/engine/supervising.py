"""A thread that looks after the engine's others, now and then: what is served needs not to think of it."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

# While all threads are busy, in seconds.
_SHORT_TICK = 0.025


class Supervisor:
    """Calls `look` every second; after an alarm at once, and soon again for as long as it returns True."""

    def __init__(self, look: Callable[[], bool], *, leave: Callable[[], None]) -> None:
        """`leave` is called in the thread after the last look."""
        self._look = look
        self._leave = leave
        self._seconds = 1.0
        self._alarm = threading.Event()
        self._has_ended = False
        self._thread = threading.Thread(target=self._run, name="engine-supervisor", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def alarm(self) -> None:
        """Have it look at once."""
        self._alarm.set()

    def look_every(self, seconds: float) -> None:
        """Look at least that often from now on."""
        self._seconds = min(self._seconds, seconds)
        self._alarm.set()

    def end(self) -> None:
        """End the thread."""
        self._has_ended = True
        self._alarm.set()

    def _run(self) -> None:
        seconds = self._seconds
        try:
            while not self._has_ended:
                self._alarm.wait(seconds)
                self._alarm.clear()
                seconds = _SHORT_TICK if self._is_urgent() else self._seconds
        finally:
            self._leave()

    def _is_urgent(self) -> bool:
        try:
            return self._look()
        except BaseException:
            logger.exception("the engine's threads could not be looked after")
            return False
