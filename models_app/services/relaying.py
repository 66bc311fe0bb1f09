"""Events from and to the other servers on the database: by Redis, where `REDIS_URL` is set."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from models_app.engine.ports import Event
from models_app.relays.tokens import draw_token
from models_app.services import hooks, publishing
from models_app.services.trying import is_loopback

if TYPE_CHECKING:
    from models_app.relays.connections import Worker

# The environment's name of the token of a server of several processes: they hear of each other without Redis.
_SERVER = "_CHANTILLY_SERVER"
# At a stop, for what is left.
_FLUSH_SECONDS = 0.5


def be_one_server() -> None:
    """Have this process and those that it will start count as one server."""
    os.environ[_SERVER] = draw_token().hex()


def check_redis(*_args: Any, **_options: Any) -> list[checks.CheckMessage]:
    """Report, as a system check for deployments, a Redis of another machine that is open to its network."""
    parts = urlsplit(settings.REDIS_URL)
    if parts.scheme not in {"redis", "rediss"} or is_loopback(parts.hostname or ""):
        return []
    missing = [
        what
        for what, is_missing in {
            "TLS (`rediss://`)": parts.scheme == "redis",
            "a password": not parts.password,
        }.items()
        if is_missing
    ]
    if not missing:
        return []
    said = f"REDIS_URL names another machine without {' and without '.join(missing)}."
    hint = "Whoever can write to Redis can undo the locks after wrong passwords."
    return [checks.Warning(said, hint=hint, id="models_app.W003")]


class _Listeners:
    """Those of this process."""

    def wants_events(self) -> bool:
        return publishing.wants_events()

    def publish(self, events: Sequence[Event]) -> None:
        publishing.publish(events)

    def missed(self) -> None:
        publishing.missed()


class _Relays:
    """The threads of this process that carry events."""

    def __init__(self) -> None:
        self._workers: list[Worker] = []

    def start(self, *, sends: bool, receives: bool) -> None:
        """Start those that there are to be, where Redis is set and they do not run yet."""
        if not settings.REDIS_URL or self._workers:
            return
        # A fifth of a second: only who has Redis pays for it.
        from models_app.relays.connections import connect
        from models_app.relays.receiving import Receiver
        from models_app.relays.seals import Seal
        from models_app.relays.sending import Sender

        seal = Seal(settings.SECRET_KEY, server=_server())
        connecting = partial(connect, settings.REDIS_URL)
        if sends:
            sender = Sender(connecting, seal)
            hooks.relays.add(sender)
            self._workers.append(sender)
        if receives:
            self._workers.append(Receiver(connecting, seal, _Listeners()))
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Send what is left, and end."""
        workers, self._workers = self._workers, []
        hooks.relays.listeners.clear()
        for worker in workers:
            worker.end(seconds=_FLUSH_SECONDS)


def _server() -> bytes:
    return bytes.fromhex(os.environ[_SERVER]) if _SERVER in os.environ else draw_token()


#: Those of this process.
relays = _Relays()
