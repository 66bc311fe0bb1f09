"""Shards on a cluster of Ray (`ENGINE=ray`), which places, watches, restarts and moves them."""

import asyncio
import hmac
import logging
import os
import threading
from typing import Any

from django.conf import settings

from models_app.shards.actors import ShardActor, WrongSettings
from models_app.shards.calling import CallTransport
from models_app.shards.links import Connector
from models_app.shards.messages import TOKEN_BYTES

logger = logging.getLogger(__name__)

# So long an actor may take to be there, recovery of models that are preloaded included, in seconds.
_OPEN_SECONDS = 5.0
# By its name: only the actor imports it.
_OPENER = "models_app.services.sharding:open_for_actor"


class Cluster:
    """This process's way to the actors; it joins the cluster when the first is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._actors: dict[int, Any] = {}
        # Why shards are not there, as it was last said of each.
        self._reasons: dict[int, str] = {}

    def connector(self, number: int) -> Connector:
        """Return what connects to a shard."""

        async def connect(protocol: asyncio.Protocol) -> None:
            loop = asyncio.get_running_loop()
            actor = await loop.run_in_executor(None, self._actor, number)
            token = os.urandom(TOKEN_BYTES)
            try:
                opened = actor.open.remote(token, seal()).future()
                await asyncio.wait_for(asyncio.wrap_future(opened), _OPEN_SECONDS)
            except Exception as error:
                self._forget(number, error)
                raise ConnectionError(f"shard {number} is not there: {error}") from error
            CallTransport(lambda message: actor.exchange.remote(message).future(), token, protocol).begin()

        return connect

    def end_actors(self) -> int:
        """End all of the cluster's shards of this namespace; return how many there were."""
        import ray

        with self._lock:
            _join()
        named = ray.util.list_named_actors(all_namespaces=True)
        own = [each["name"] for each in named if each["namespace"] == settings.RAY_NAMESPACE]
        for name in own:
            ray.kill(ray.get_actor(name, namespace=settings.RAY_NAMESPACE))
        return len(own)

    def _actor(self, number: int) -> Any:
        """Return a shard's actor, which is made where there is none. Raises `OSError`."""
        with self._lock:
            if number not in self._actors:
                try:
                    self._actors[number] = _make(number)
                except Exception as error:
                    logger.warning("Ray is not there: %s", error)
                    raise ConnectionError(str(error)) from error
            return self._actors[number]

    def _forget(self, number: int, error: Exception) -> None:
        """Make an actor that has died for good anew, the next time."""
        from ray.exceptions import ActorDiedError

        if isinstance(error, ActorDiedError):
            logger.error("the actor of shard %d has died: %s", number, error)
            with self._lock:
                self._actors.pop(number, None)
        elif isinstance(error, WrongSettings):
            logger.error("shard %d has another SECRET_KEY or DATABASE_URL than this server", number)
        elif (reason := type(error).__name__) != self._reasons.get(number):
            self._reasons[number] = reason
            logger.info("shard %d does not answer yet: %r", number, error)


#: That of this process.
cluster = Cluster()


def seal() -> bytes:
    """Return what a server and its shards have to have in common, unreadable."""
    said = f"{settings.DATABASE_URL} {settings.ENGINE_PROCESSES}"
    return hmac.digest(settings.SECRET_KEY.encode(), b"shards of " + said.encode(), "sha256")


def _join() -> None:
    """Be part of the cluster."""
    import ray

    if not ray.is_initialized():
        ray.init(
            address=settings.RAY_ADDRESS,
            namespace=settings.RAY_NAMESPACE,
            configure_logging=False,
            log_to_driver=False,
        )


def _make(number: int) -> Any:
    import ray

    _join()
    made = ray.remote(ShardActor).options(
        name=f"shard-{number}-of-{settings.ENGINE_PROCESSES}",
        namespace=settings.RAY_NAMESPACE,
        # It serves whoever comes, not only who has made it.
        lifetime="detached",
        get_if_exists=True,
        max_restarts=-1,
        # What is not known to be done is found out by its id, never done again.
        max_task_retries=0,
        # Next to nothing, so that a node that is left takes all of them; without any they are not spread.
        num_cpus=0.001,
        scheduling_strategy="SPREAD",
        runtime_env={"env_vars": {"PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "random")}},
    )
    return made.remote(number, settings.ENGINE_PROCESSES, _OPENER, os.environ["DJANGO_SETTINGS_MODULE"])
