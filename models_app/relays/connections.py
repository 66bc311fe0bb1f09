"""Connections to Redis that are soon known to be away, and threads that do not mind."""

import logging
import threading
from abc import ABC, abstractmethod

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

#: What Redis has to answer within, in seconds: none but the threads of this room wait for it.
PATIENCE_SECONDS = 2.0
_LEAST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


def connect(url: str) -> Redis:
    """Return a client, which connects when it is first used. What the URL says itself goes first."""
    return Redis.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        socket_keepalive=True,
        # Each loss is to be known.
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


class Worker(ABC):
    """A thread that works by Redis, and begins anew when it was lost."""

    def __init__(self, name: str) -> None:
        self.ends = threading.Event()
        self._name = name
        self._pause = _LEAST_PAUSE
        self._is_away = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self, *, seconds: float) -> None:
        """Have the thread do what is left, and wait so long for it."""
        self.ends.set()
        self._thread.join(seconds)

    @abstractmethod
    def work(self) -> None:
        """Work to the end; raises whatever Redis does."""

    @abstractmethod
    def lose(self) -> None:
        """Hear that Redis was lost."""

    def note_answer(self) -> None:
        """Note that Redis has answered."""
        if self._is_away:
            logger.info("Redis is there again: %s goes on.", self._name)
        self._is_away, self._pause = False, _LEAST_PAUSE

    def _run(self) -> None:
        while not self.ends.is_set():
            try:
                self.work()
            except (RedisError, OSError) as error:
                self.lose()
                if not self._is_away:
                    logger.warning("Redis is away, %s waits for it: %s", self._name, error)
                self._is_away = True
            except Exception:
                # The thread goes on, whatever it is.
                logger.exception("%s failed, and begins anew", self._name)
                self.lose()
            self.ends.wait(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
