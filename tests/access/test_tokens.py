import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access import following, tickets, tokens
from access.bounds import Bounds
from access.errors import InvalidToken, TokenNotFound
from access.following import Follower
from access.groups import SCOPES_BY_GROUP
from access.models import ApiToken
from access.registry import Registry
from access.sessions import Sessions

pytestmark = pytest.mark.django_db(transaction=True)


def make(name: str = "sensor", **options: object) -> str:
    given = {"scopes": ["read"], "now": timezone.now()} | options
    return tokens.create_token(name=name, **given).secret  # type: ignore[arg-type]


class TestCreateToken:
    def test_keeps_nothing_that_could_be_used(self) -> None:
        secret = make()

        (row,) = ApiToken.objects.values()
        assert secret.startswith(tokens.PREFIX)
        assert len(secret) > 50
        assert secret.removeprefix(tokens.PREFIX) not in str(row)
        assert row["digest"] == tokens.digest_of(secret.encode()).hex()

    def test_makes_another_each_time(self) -> None:
        assert len({make(f"token {n}") for n in range(20)}) == 20

    def test_shows_no_secret_where_it_is_printed(self) -> None:
        made = tokens.create_token(name="a", scopes=["read"], now=timezone.now())

        assert made.secret not in repr(made)

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": " a"}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"name": "a" * 101}, "name"),
            ({"scopes": []}, "scopes"),
            ({"scopes": ["read", "write"]}, "scopes"),
            ({"models": [""]}, "models"),
            ({"bounds": Bounds(rates=["often"])}, "rates"),
            ({"bounds": Bounds(max_models=0)}, "max_models"),
            ({"bounds": Bounds(max_bytes=-1)}, "max_bytes"),
            ({"bounds": Bounds(max_pending=10**16)}, "max_pending"),
            ({"bounds": Bounds(rates=["write=1/s"])}, "rates"),
            ({"bounds": Bounds(rates=["/api/nothing=1/s"])}, "rates"),
            ({"bounds": Bounds(rates=["read=1/s", "read=2/s"])}, "rates"),
            ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expires_at"),
        ],
    )
    def test_refuses_what_no_token_can_be(self, options: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidToken) as refused:
            make(**options)  # type: ignore[arg-type]

        assert isinstance(refused.value.message, dict)
        assert list(refused.value.message) == [field]
        assert not ApiToken.objects.exists()

    def test_refuses_a_name_until_its_token_is_revoked(self) -> None:
        make()
        with pytest.raises(InvalidToken, match="sensor"):
            make()
        with pytest.raises(IntegrityError):
            ApiToken.objects.create(name="sensor", digest="0" * 64, created_at=timezone.now())

        tokens.revoke_token(name="sensor", now=timezone.now())

        make()
        assert [token.name for token in tokens.list_tokens()] == ["sensor"]


class TestRevokeToken:
    def test_refuses_what_is_none(self) -> None:
        make()
        tokens.revoke_token(name="sensor", now=timezone.now())

        for name in ("sensor", "nobody"):
            with pytest.raises(TokenNotFound):
                tokens.revoke_token(name=name, now=timezone.now())


class TestFollower:
    def test_takes_in_what_has_changed(self) -> None:
        registry = Registry(following.load)
        follower = Follower(registry, Sessions())
        secret = make(models=["a*"], expires_at=timezone.now() + timedelta(days=1))
        follower.look()

        principal = registry.find(secret.encode())

        assert principal is not None
        assert (principal.scopes, principal.may_use.patterns) == (frozenset({"read"}), frozenset({"a*"}))
        tokens.revoke_token(name="sensor", now=timezone.now())
        follower.look()
        assert not principal.holds()

    def test_writes_uses_once_a_minute(self) -> None:
        registry = Registry(following.load)
        follower = Follower(registry, Sessions())
        secret = make()
        follower.look()
        follower.write_uses()
        assert ApiToken.objects.get().last_used_at is None

        registry.find(secret.encode())
        follower.write_uses()

        first = ApiToken.objects.get().last_used_at
        assert first is not None
        assert abs(first.timestamp() - time.time()) < 60
        registry.find(secret.encode())
        with CaptureQueriesContext(connection) as queries:
            follower.write_uses()
        assert len(queries) == 0

    def test_asks_no_database_to_find_a_token(self) -> None:
        registry = Registry(following.load)
        secret = make()
        registry.refresh()

        with CaptureQueriesContext(connection) as queries:
            assert registry.find(secret.encode()) is not None
            assert registry.find(b"wrong") is None
        assert len(queries) == 0


class TestTickets:
    def test_name_their_token_for_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket = tickets.make(7)
        assert tickets.read(ticket) == 7
        now = time.time()

        monkeypatch.setattr(time, "time", lambda: now + tickets.SECONDS + 2)

        assert tickets.read(ticket) is None

    @pytest.mark.parametrize(
        "change", [lambda text: text[:-1], lambda text: "MTA" + text[3:], lambda text: ""]
    )
    def test_that_are_none_name_nobody(self, change: object) -> None:
        assert tickets.read(change(tickets.make(7))) is None  # type: ignore[operator]


def test_groups_are_those_of_the_migration() -> None:
    # The tests' own database has been emptied since.
    from importlib import import_module

    assert set(import_module("access.migrations.0001_initial").GROUPS) == set(SCOPES_BY_GROUP)
