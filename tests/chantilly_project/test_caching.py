from collections.abc import Iterator

import pytest

from chantilly_project.caching import ForgivingRedisCache
from tests.redis_servers import RedisServer


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    redis = RedisServer()
    redis.start()
    yield redis
    redis.stop()


def make_cache(redis: RedisServer) -> ForgivingRedisCache:
    return ForgivingRedisCache(redis.url, {})


class TestForgivingRedisCache:
    def test_is_one_for_all_processes(self, redis: RedisServer) -> None:
        one, other = make_cache(redis), make_cache(redis)

        assert one.add("failures", 1, timeout=60)
        assert not other.add("failures", 1, timeout=60)
        assert other.incr("failures") == one.get("failures") == 2
        assert one.delete("failures")
        assert other.get("failures", default=0) == 0

    def test_keeps_no_pickles(self, redis: RedisServer) -> None:
        cache = make_cache(redis)
        value = {"names": ["a", None], "rate": 1.5}
        cache.set("some", value)

        with redis.client() as client:
            kept = client.get(cache.make_key("some"))
        assert kept == b'{"names": ["a", null], "rate": 1.5}'
        assert cache.get("some") == value

    def test_counts_in_this_process_while_redis_is_away(self, redis: RedisServer) -> None:
        cache = make_cache(redis)
        redis.kill()

        assert cache.add("tries", 1, timeout=60)
        assert not cache.add("tries", 1, timeout=60)
        assert cache.incr("tries") == 2
        assert cache.touch("tries", 60)
        assert cache.get("tries") == 2

        redis.start()
        assert cache.get("tries") is None
