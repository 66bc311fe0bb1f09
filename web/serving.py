"""The production server: uvicorn, with an end that comes in time."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from functools import partial

import uvicorn
from django.conf import settings

from web import limits
from web.protocol import Protocol
from web.socket_protocol import SocketProtocol
from web.uvicorn_parts.servers import TickingServer

logger = logging.getLogger(__name__)
# What streams and statistics get to say goodbye.
ANNOUNCE_SECONDS = 1.0
# The process's own end (threads, interpreter) after the application's.
EXIT_SECONDS = 1.5


def make_config(application: str, *, seconds_for_requests: int) -> uvicorn.Config:
    """Configure uvicorn for an application, which is named as `module:attribute`.

    A stop waits for requests as long as `seconds_for_requests`.
    """
    bounds = limits.from_settings()
    return uvicorn.Config(
        application,
        http=partial(Protocol, limits=bounds),  # type: ignore[arg-type]  # makes protocols, too
        loop="uvloop",
        ws=partial(SocketProtocol, limits=bounds),  # type: ignore[arg-type]
        ws_max_size=settings.MAX_BODY_BYTES,
        # Compressing costs more than loopback and local networks take to carry it.
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        server_header=False,
        # Django has set up logging.
        log_config=None,
        timeout_graceful_shutdown=seconds_for_requests,
    )


class WatchingServer(TickingServer):
    """Looks at its connections once a second, and when it stops more often and with less patience."""

    def tick(self, *, hurry: bool) -> None:
        """Close connections whose clients have been silent, slow or deaf for too long."""
        now = asyncio.get_running_loop().time()
        for connection in tuple(self.server_state.connections):
            connection.look(now, hurry=hurry)  # type: ignore[union-attr]  # the protocols from here


class Server(WatchingServer):
    """Ends open streams first, then finishes requests, then the application; and never takes too long."""

    def __init__(
        self, config: uvicorn.Config, *, when_ready: Callable[[], None], when_stopping: Callable[[], None]
    ) -> None:
        """`when_ready` is called once clients are answered.

        `when_stopping` is called in a thread as soon as no more are taken, and is to have open streams end.
        """
        super().__init__(config)
        self._when_ready = when_ready
        self._when_stopping = when_stopping

    def ready(self) -> None:
        """Say so."""
        self._when_ready()

    async def stopping(self) -> None:
        """Have streams end; then come the unfinished requests, then the application."""
        _leave_at_the_latest(settings.SHUTDOWN_SECONDS + EXIT_SECONDS)
        # In a thread: a listener may write its statistics to the database.
        try:
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                await asyncio.to_thread(self._when_stopping)
        except TimeoutError:
            logger.warning("Open streams and statistics were not closed within %s s", ANNOUNCE_SECONDS)


def _leave_at_the_latest(seconds: float) -> None:
    """End the process even if the application never ends: what was acknowledged is on the disk."""
    timer = threading.Timer(seconds, _leave)
    timer.daemon = True
    timer.start()


def _leave() -> None:
    logger.error("The server did not stop in time and is ended now; nothing acknowledged is lost")
    logging.shutdown()
    os._exit(1)
