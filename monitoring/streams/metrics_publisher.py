"""The metrics of the instance, published after learns, and no more often than anybody can look."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping

from django.db import connections

from models_app.domain.errors import FlavorNotSet, StorageUnavailable
from monitoring.streams.frames import text_event
from monitoring.streams.hub import Channel

logger = logging.getLogger(__name__)

#: From one message to the next, at the least.
INTERVAL_SECONDS = 0.05
#: After this long without a learn the thread ends; the next learn starts another.
IDLE_SECONDS = 5.0


class MetricsPublisher:
    """Computes and publishes in a thread of its own, there only while models learn and somebody listens.

    The first learn is published at once; those that come while it is busy share one message, so that the
    newest value always arrives.
    """

    def __init__(
        self,
        *,
        channel: Callable[[], Channel],
        compute: Callable[[], Mapping[str, float | None]],
        interval_seconds: float = INTERVAL_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._channel = channel
        self._compute = compute
        self._interval_seconds = interval_seconds
        self._idle_seconds = idle_seconds
        self._is_marked = False
        self._is_running = False
        self._condition = threading.Condition()

    def mark(self) -> None:
        """Note that the metrics have changed. Cheap and safe from any thread."""
        with self._condition:
            self._is_marked = True
            self._condition.notify()
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._run, name="metrics-publisher", daemon=True).start()

    def _run(self) -> None:
        try:
            while self._wait():
                took_seconds = self._publish()
                # Where computing takes long, it gets half of a core at the most.
                time.sleep(max(self._interval_seconds - took_seconds, took_seconds))
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
            data = json.dumps(self._compute())
        except FlavorNotSet:
            # Everything was erased meanwhile: there are no metrics.
            pass
        except StorageUnavailable as error:
            # Whoever listens is owed the newest value.
            self._is_marked = True
            logger.warning("The metrics cannot be published yet: %s", error)
        except Exception:
            # Whatever it is, the thread must go on: `mark` counts on it.
            logger.exception("The metrics could not be computed for the stream.")
        else:
            self._channel().publish([text_event("message", data)])
        return time.monotonic() - started_at
