"""The tokens in memory: a request is looked up without a query."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from access import token_rates
from access.principals import Principal
from models_app.domain.quotas import Quotas
from models_app.engine import allowances


class TokenRow(NamedTuple):
    """What a server has to know of a token."""

    pk: int
    name: str
    digest: str
    scopes: Sequence[str]
    patterns: Sequence[str]
    expires_at: datetime | None
    rates: Sequence[str] = ()
    max_models: int | None = None
    max_bytes: int | None = None
    max_pending: int | None = None


class Registry:
    """The tokens that are valid, by their digests.

    `load` reads all of them. One thread refreshes; any thread looks up.
    """

    def __init__(self, load: Callable[[], list[TokenRow]]) -> None:
        self._load = load
        self._rows: list[TokenRow] = []
        self._by_pk: dict[int, Principal] = {}
        self._by_digest: dict[bytes, Principal] = {}
        self._pks: dict[Principal, int] = {}

    def find(self, token: bytes) -> Principal | None:
        """Return whose token it is; None: it is not valid."""
        principal = self._by_digest.get(hashlib.sha256(token).digest())
        return principal if principal is not None and principal.holds() else None

    def by_pk(self, pk: int) -> Principal | None:
        """Return whose token has that primary key; None: it is not valid."""
        principal = self._by_pk.get(pk)
        return principal if principal is not None and principal.holds() else None

    def pk_of(self, principal: object) -> int | None:
        """Return the primary key of a principal's token; None: they have none, or not any more."""
        return self._pks.get(principal) if isinstance(principal, Principal) else None

    def refresh(self) -> None:
        """Take in what has changed. Whoever goes on with a token that has changed, or is gone, hears so."""
        rows = self._load()
        if rows == self._rows:
            return
        known = {row.pk: row for row in self._rows}
        kept = {row.pk: self._by_pk[row.pk] if known.get(row.pk) == row else _principal(row) for row in rows}
        by_digest = {bytes.fromhex(row.digest): kept[row.pk] for row in rows}
        ended = [principal for pk, principal in self._by_pk.items() if kept.get(pk) is not principal]
        self._rows, self._by_pk, self._by_digest = rows, kept, by_digest
        allowances.keep([row.name for row in rows if row.max_pending is not None])
        self._pks = {principal: pk for pk, principal in kept.items()}
        for principal in ended:
            principal.end()

    def uses(self) -> dict[int, float]:
        """Return when tokens were used last, by primary key, as Unix times; those that were used."""
        return {pk: principal.used_at for pk, principal in self._by_pk.items() if principal.used_at}


def _principal(row: TokenRow) -> Principal:
    return Principal(
        row.name,
        scopes=row.scopes,
        patterns=row.patterns,
        expires_at=float("inf") if row.expires_at is None else row.expires_at.timestamp(),
        rates=token_rates.limits_of(row.rates),
        quotas=Quotas(
            max_models=row.max_models,
            max_bytes=row.max_bytes,
            allowance=None if row.max_pending is None else allowances.allowance_of(row.name, row.max_pending),
        ),
    )
