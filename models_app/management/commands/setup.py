"""`manage.py setup`: what a new instance needs before it serves."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from models_app.domain.errors import StorageUnavailable
from models_app.management.base import acting_as_system_user
from models_app.management.migrating import migrations_are_missing
from models_app.models.transactions import write_transaction
from models_app.services import auditing

ADMIN = "admin"
# 96 bits: out of reach for guessing, and still short enough to be typed.
PASSWORD_BYTES = 12


class Command(BaseCommand):
    """Migrate the database and make the first admin user; nothing where both is done."""

    help = "Migrates the database and makes the first admin user."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Set up. Raises CommandError if the database cannot be used."""
        try:
            if migrations_are_missing():
                self.stdout.write("Migrating the database.")
                call_command("migrate", interactive=False, verbosity=0)
            self._make_admin()
        except (Error, StorageUnavailable) as error:
            raise CommandError(f"The database cannot be used: {error}.") from error

    def _make_admin(self) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True).exists():
            return
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        with acting_as_system_user(self), write_transaction():
            get_user_model().objects.create_superuser(ADMIN, password=password)
            auditing.record(action="add_user", name=ADMIN)
        self.stdout.write(f"Admin user: {ADMIN}, password: {password} (shown only now)")
