from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access.registry import Registry, TokenRow
from access.tokens import digest_of


def row(pk: int, **changes: Any) -> TokenRow:
    digest = digest_of(f"secret {pk}".encode()).hex()
    return TokenRow(pk, f"token {pk}", digest, ["read"], [], None)._replace(**changes)


@pytest.fixture
def rows() -> list[TokenRow]:
    return [row(1), row(2)]


@pytest.fixture
def registry(rows: list[TokenRow]) -> Registry:
    registry = Registry(lambda: list(rows))
    registry.refresh()
    return registry


class TestRegistry:
    def test_knows_nobody_before_it_has_read(self, rows: list[TokenRow]) -> None:
        assert Registry(lambda: rows).find(b"secret 1") is None

    def test_finds_whose_token_it_is(self, registry: Registry) -> None:
        principal = registry.find(b"secret 1")

        assert principal is not None
        assert principal.name == "token 1"
        assert registry.pk_of(principal) == 1
        assert registry.by_pk(1) is principal
        for wrong in (
            b"",
            b"secret 3",
            b"SECRET 1",
            digest_of(b"secret 1"),
            digest_of(b"secret 1").hex().encode(),
        ):
            assert registry.find(wrong) is None

    def test_ends_who_is_gone(self, registry: Registry, rows: list[TokenRow]) -> None:
        gone, stays = registry.find(b"secret 1"), registry.find(b"secret 2")
        assert gone is not None
        assert stays is not None

        del rows[0]
        registry.refresh()

        assert (gone.holds(), stays.holds()) == (False, True)
        assert registry.find(b"secret 1") is None
        assert registry.by_pk(1) is None
        assert registry.pk_of(gone) is None
        assert registry.find(b"secret 2") is stays

    @pytest.mark.parametrize(
        "changes",
        [{"scopes": ["predict"]}, {"patterns": ["a"]}, {"expires_at": datetime.now(UTC) + timedelta(days=1)}],
    )
    def test_ends_who_goes_on_with_what_has_changed(
        self, registry: Registry, rows: list[TokenRow], changes: dict[str, object]
    ) -> None:
        before = registry.find(b"secret 1")
        assert before is not None

        rows[0] = row(1, **changes)
        registry.refresh()

        after = registry.find(b"secret 1")
        assert not before.holds()
        assert after is not None
        assert (list(after.scopes), list(after.may_use.patterns)) == (rows[0].scopes, rows[0].patterns)

    def test_knows_rates_but_those_of_addresses_that_are_gone(
        self, registry: Registry, rows: list[TokenRow]
    ) -> None:
        rows[0] = row(1, rates=["read=5/s", "/api/was-there=1/s", "/api/model/x=2/m"])
        registry.refresh()

        principal = registry.find(b"secret 1")

        assert principal is not None
        assert {what: limit.rate for what, limit in principal.rates.items()} == {
            "read": (5, 1.0),
            "/api/model/<str:name>": (2, 60.0),
        }

    def test_finds_none_that_has_expired(self, registry: Registry, rows: list[TokenRow]) -> None:
        rows[0] = row(1, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        registry.refresh()

        assert registry.find(b"secret 1") is None
        assert registry.find(b"secret 2") is not None

    def test_tells_which_were_used(self, registry: Registry) -> None:
        assert registry.uses() == {}

        registry.find(b"secret 2")

        assert list(registry.uses()) == [2]
