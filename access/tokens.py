"""Tokens are made, listed and revoked."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet

from access.bounds import UNBOUND, Bounds
from access.errors import InvalidToken, TokenNotFound
from access.models import ApiToken
from models_app.domain.scopes import SCOPES
from models_app.models.transactions import translated_errors, write_transaction
from models_app.services import auditing

#: Whoever finds one somewhere sees what it is for, and programs that look for secrets find it.
PREFIX = "chantilly_"
# Out of reach for guessing, so that a plain hash of it is enough.
_BYTES = 32
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made. `secret` is the token itself, which nobody can show again."""

    name: str
    secret: str = field(repr=False)


def digest_of(secret: bytes) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(secret).digest()


def create_token(  # noqa: PLR0913  # as many as there is to say of a token
    *,
    name: str,
    scopes: Sequence[str],
    now: datetime,
    models: Sequence[str] = (),
    expires_at: datetime | None = None,
    bounds: Bounds = UNBOUND,
) -> NewToken:
    """Make a token, for the models whose names match one of the patterns, or for all.

    Raises `InvalidToken`, `StorageUnavailable`.
    """
    _check(name, scopes, models, now, expires_at)
    bounds.check()
    secret = PREFIX + secrets.token_urlsafe(_BYTES)
    with write_transaction():
        if valid_tokens().filter(name=name).exists():
            raise InvalidToken(
                {"name": [f"there is a token called '{name}'; revoke it, or take another name"]}
            )
        ApiToken.objects.create(
            name=name,
            digest=digest_of(secret.encode()).hex(),
            scopes=[scope for scope in SCOPES if scope in scopes],
            patterns=list(dict.fromkeys(models)),
            rates=list(bounds.rates),
            **bounds.quotas(),
            created_at=now,
            expires_at=expires_at,
        )
        auditing.record(
            action="create_token",
            token=name,
            scopes=list(scopes),
            models=list(models),
            rates=list(bounds.rates),
            quotas=bounds.quotas(),
            expires_at=None if expires_at is None else expires_at.isoformat(),
        )
    return NewToken(name, secret)


def revoke_token(*, name: str, now: datetime) -> None:
    """Have a token be valid no more; servers see it within a second.

    Raises `TokenNotFound`, `StorageUnavailable`.
    """
    with write_transaction():
        if not valid_tokens().filter(name=name).update(revoked_at=now):
            raise TokenNotFound(name)
        auditing.record(action="revoke_token", token=name)


def list_tokens() -> list[ApiToken]:
    """Return the tokens that are not revoked, by name; raises `StorageUnavailable`."""
    with translated_errors():
        return list(valid_tokens().order_by("name"))


def valid_tokens() -> QuerySet[ApiToken]:
    """Return the tokens that are not revoked; some may have expired."""
    return ApiToken.objects.filter(revoked_at__isnull=True)


def _check(
    name: str, scopes: Sequence[str], models: Sequence[str], now: datetime, expires_at: datetime | None
) -> None:
    reasons: dict[str, list[str]] = {}
    if not name or name != name.strip() or not name.isprintable() or len(name) > _MAX_NAME:
        reasons["name"] = [f"must be 1 to {_MAX_NAME} characters that can be seen, with no space around them"]
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        reasons["scopes"] = [f"must be some of {', '.join(map(repr, SCOPES))}"]
    if not all(pattern and pattern.isprintable() for pattern in models):
        reasons["models"] = ["must be names of models, or patterns such as 'pump-*'"]
    if expires_at is not None and expires_at <= now:
        reasons["expires_at"] = ["must be in the future"]
    if reasons:
        raise InvalidToken(reasons)
