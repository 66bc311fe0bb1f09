"""`manage.py list_tokens`: the tokens, and what they may do."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from access import tokens
from access.bounds import in_words
from access.models import ApiToken
from models_app.management import rendering
from models_app.management.base import ServiceCommand

HEADINGS = ("NAME", "SCOPES", "MODELS", "RATES", "QUOTAS", "CREATED", "EXPIRES", "LAST USED")


class Command(ServiceCommand):
    """List the tokens that are not revoked."""

    help = "Lists the tokens that are not revoked: scopes, models, rates, quotas, expiry, last use."

    def serve(self, **_options: Any) -> None:
        """Print them by name."""
        found = tokens.list_tokens()
        if not found:
            self.stdout.write("No tokens.")
            return
        now = timezone.now()
        for line in rendering.table(HEADINGS, [_row(token, now) for token in found]):
            self.stdout.write(line)


def _row(token: ApiToken, now: datetime) -> tuple[str, ...]:
    expired = " (expired)" if token.expires_at is not None and token.expires_at <= now else ""
    return (
        token.name,
        " ".join(token.scopes),
        " ".join(token.patterns) or "all",
        " ".join(token.rates) or "-",
        in_words(token),
        _moment(token.created_at),
        _moment(token.expires_at) + expired,
        _moment(token.last_used_at),
    )


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}"
