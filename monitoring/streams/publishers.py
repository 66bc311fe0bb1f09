"""Events computed for listeners: after something has happened, and no more often than anybody can look."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping

from django.db import connections

from models_app.domain.errors import FlavorNotSet, StorageUnavailable
from models_app.engine.repeats import Repeats
from monitoring.streams.frames import text_event
from monitoring.streams.hub import Channel

logger = logging.getLogger(__name__)
repeated = Repeats(logger)

#: From one message to the next, at the least.
INTERVAL_SECONDS = 0.05
#: After this long without news the thread ends; the next news start another.
IDLE_SECONDS = 5.0


class Publisher:
    """Computes and publishes in a thread of its own, there only while something happens and somebody listens.

    The first news are published at once; those that come while it is busy share one message, so that the
    newest value always arrives. Where nothing is computed (`compute` returns an empty mapping) there is no
    message. `max_share` is the part of a core that computing may take.
    """

    def __init__(
        self,
        *,
        channel: Callable[[], Channel],
        compute: Callable[[], Mapping[str, object]],
        interval_seconds: float = INTERVAL_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        max_share: float = 0.5,
    ) -> None:
        self._channel = channel
        self._compute = compute
        self._interval_seconds = interval_seconds
        self._idle_seconds = idle_seconds
        self._max_share = max_share
        self._is_marked = False
        self._is_running = False
        self._condition = threading.Condition()

    def mark(self) -> None:
        """Note that there is something new. Cheap and safe from any thread."""
        with self._condition:
            self._is_marked = True
            self._condition.notify()
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._run, name="publisher", daemon=True).start()

    def _run(self) -> None:
        try:
            while self._wait():
                took_seconds = self._publish()
                rest_seconds = took_seconds * (1 / self._max_share - 1)
                time.sleep(max(self._interval_seconds - took_seconds, rest_seconds))
        finally:
            # The connection belongs to this thread; nobody would close it.
            connections.close_all()

    def _wait(self) -> bool:
        with self._condition:
            if self._condition.wait_for(lambda: self._is_marked, timeout=self._idle_seconds):
                self._is_marked = False
                return True
            self._is_running = False
            return False

    def _publish(self) -> float:
        started_at = time.monotonic()
        try:
            computed = self._compute()
        except FlavorNotSet:
            # Everything was erased meanwhile: there is nothing to report.
            pass
        except StorageUnavailable as error:
            # Whoever listens is owed the newest value.
            self._is_marked = True
            repeated.warning(str(error), "What listeners wait for cannot be computed yet: %s", error)
        except Exception:
            # Whatever it is, the thread must go on: `mark` counts on it.
            logger.exception("What listeners wait for could not be computed.")
        else:
            if computed:
                self._channel().publish([text_event("message", json.dumps(computed))])
        return time.monotonic() - started_at
