"""Finds the names that come near one that no model has, without letting many such cost much."""

import time
from collections.abc import Callable

from models_app.domain.errors import ModelNotFound, StorageUnavailable
from models_app.domain.resembling import nearest

# Those used last; somebody who means another has to look at the list.
_MAX_NAMES = 1_000
# What looking may take: so many seconds at once, and that part of the time in the long run.
_MAX_SECONDS = 0.5
_SHARE = 0.02


class NearNames:
    """Looks for names as long as looking has not taken too much time lately. For any thread.

    `recent_names` returns the names of the models used last, at most so many; `clock` counts seconds.
    """

    def __init__(
        self, recent_names: Callable[[int], list[str]], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._recent_names = recent_names
        self._clock = clock
        self._seconds_left = _MAX_SECONDS
        self._looked_at = clock()

    def not_found(self, name: str) -> ModelNotFound:
        """Return the refusal for a name, with those near it if they can be had."""
        return ModelNotFound(name, near=self._find(name))

    def _find(self, name: str) -> tuple[str, ...]:
        now = self._clock()
        # Threads that come between each other count a little wrong.
        earned = (now - self._looked_at) * _SHARE
        self._looked_at = now
        self._seconds_left = min(_MAX_SECONDS, self._seconds_left + earned)
        if self._seconds_left <= 0:
            return ()
        try:
            return nearest(name, self._recent_names(_MAX_NAMES))
        except StorageUnavailable:
            # There is no such model all the same.
            return ()
        finally:
            self._seconds_left -= self._clock() - now
