"""`manage.py revoke_token NAME`: end a token."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from access import tokens
from models_app.management.base import ServiceCommand


class Command(ServiceCommand):
    """Revoke a token."""

    help = "Revokes a token: a server that runs refuses it within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name."""
        parser.add_argument("name", help="the token's, as `list_tokens` has it")

    def serve(self, **options: Any) -> None:
        """Revoke it."""
        tokens.revoke_token(name=options["name"], now=timezone.now())
        self.stdout.write(f"'{options['name']}' is revoked.")
