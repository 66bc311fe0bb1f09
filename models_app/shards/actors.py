"""A shard as an actor of Ray: what Ray starts, calls, and starts again on another node.

Ray imports it in a process that knows nothing of Django: what works on models comes after its set-up.
"""

import os
import threading
from importlib import import_module

from models_app.shards.exchanges import Exchanges


class WrongSettings(Exception):
    """The node of the actor has other settings than the server."""


class ShardActor:
    """Works on the models of one shard, for web processes on any node."""

    def __init__(self, number: int, n_shards: int, opener: str, settings_module: str) -> None:
        """Start the engine. `opener`, as `module:function`, returns a desk and a seal of the settings."""
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module)
        problems: list[BaseException] = []

        def start() -> None:
            try:
                import django

                django.setup()
                module, _, function = opener.partition(":")
                desk, self._seal = getattr(import_module(module), function)(number, n_shards)
                self._exchanges = Exchanges(desk)
            except BaseException as error:
                problems.append(error)

        # In Ray's thread runs a loop, in which Django refuses to use a database.
        starting = threading.Thread(target=start, name="starting")
        starting.start()
        starting.join()
        if problems:
            raise problems[0]

    async def open(self, token: bytes, seal: bytes) -> None:
        """Have a connection of this token; raises `WrongSettings` where the server's settings are others."""
        if seal != self._seal:
            raise WrongSettings
        self._exchanges.open(token)

    async def exchange(self, message: bytes) -> bytes:
        """See `Exchanges.answer`."""
        return await self._exchanges.answer(message)
