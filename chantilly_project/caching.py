"""Django's cache in Redis, without which nothing fails."""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from models_app.engine.repeats import Repeats

_repeated = Repeats(logging.getLogger(__name__))
# What Redis has to answer within, in seconds.
_PATIENCE_SECONDS = 1.0


class JsonSerializer:
    """Keeps values as JSON: what lies in Redis is never code, as a pickle would be."""

    def dumps(self, value: Any) -> int | bytes:
        """Return a value as it is kept; Redis counts up whole numbers itself."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, kept: bytes) -> Any:
        """Undo `dumps`."""
        return json.loads(kept)


def _here_without_redis(name: str) -> Callable[..., Any]:
    def call(self: "ForgivingRedisCache", *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(RedisCache, name)(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            _repeated.warning("away", "Redis is away, what it would count is counted here: %s", error)
            return getattr(self.here, name)(*args, **kwargs)

    return call


class ForgivingRedisCache(RedisCache):
    """A cache in Redis, and in this process's memory while Redis is away."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "serializer": JsonSerializer,
            "socket_timeout": _PATIENCE_SECONDS,
            "socket_connect_timeout": _PATIENCE_SECONDS,
            "retry": Retry(NoBackoff(), 0),
            **params.get("OPTIONS", {}),
        }
        super().__init__(server, {**params, "OPTIONS": options})
        self.here = LocMemCache("beside Redis", {**params, "OPTIONS": {}})

    add = _here_without_redis("add")
    get = _here_without_redis("get")
    set = _here_without_redis("set")
    touch = _here_without_redis("touch")
    delete = _here_without_redis("delete")
    get_many = _here_without_redis("get_many")
    has_key = _here_without_redis("has_key")
    incr = _here_without_redis("incr")
    set_many = _here_without_redis("set_many")
    delete_many = _here_without_redis("delete_many")
    clear = _here_without_redis("clear")
