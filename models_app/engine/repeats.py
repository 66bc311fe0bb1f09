"""Warnings that would come with each request while something lasts, a full disk for one."""

import logging
import threading
import time
from collections.abc import Callable

SECONDS = 60.0
# More reasons at a time than that are not one thing that lasts.
_MAX_REASONS = 100


class Repeats:
    """Logs a warning at once, and then, while its reason stays the same, once a minute.

    >>> Repeats(logging.getLogger("example")).warning("full", "not written: %s", "the disk is full")
    """

    def __init__(self, logger: logging.Logger, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._lock = threading.Lock()
        self._logged_at: dict[str, float] = {}
        self._n_left_out: dict[str, int] = {}

    def warning(self, reason: str, message: str, *args: object) -> None:
        """Log a warning, unless one with the same reason was logged within the last minute.

        The next one says how many were left out in between.
        """
        now = self._clock()
        with self._lock:
            if now - self._logged_at.get(reason, -SECONDS) < SECONDS:
                self._n_left_out[reason] = self._n_left_out.get(reason, 0) + 1
                return
            if len(self._logged_at) >= _MAX_REASONS:
                self._logged_at.clear()
                self._n_left_out.clear()
            self._logged_at[reason] = now
            n_left_out = self._n_left_out.pop(reason, 0)
        more = f" ({n_left_out} more like this since the last)" if n_left_out else ""
        self._logger.warning(f"{message}%s", *args, more)  # noqa: G004  # the message is a format of ours
