import pytest
from django.test import override_settings

from models_app.services.relaying import check_redis


class TestCheckRedis:
    @pytest.mark.parametrize(
        "url",
        [
            "",
            "unix:///run/redis.sock",
            "redis://127.0.0.1:6379/1",
            "redis://localhost",
            "redis://[::1]",
            "rediss://:secret@cache",
        ],
    )
    def test_finds_nothing_where_nobody_else_comes_to_it(self, url: str) -> None:
        with override_settings(REDIS_URL=url):
            assert check_redis() == []

    @pytest.mark.parametrize(
        ("url", "missing"),
        [
            ("redis://cache", "without TLS (`rediss://`) and without a password."),
            ("redis://:secret@cache", "without TLS (`rediss://`)."),
            ("rediss://cache", "without a password."),
        ],
    )
    def test_warns_of_a_redis_that_is_open_to_others(self, url: str, missing: str) -> None:
        with override_settings(REDIS_URL=url):
            (warning,) = check_redis()

        assert warning.id == "models_app.W003"
        assert warning.msg == f"REDIS_URL names another machine {missing}"
