"""`manage.py createsuperuser`: Django's own, with what it does in the audit trail."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError

from access.auditing import recording_saves
from models_app.domain.errors import StorageUnavailable
from models_app.management.base import acting_as_system_user


class Command(createsuperuser.Command):
    """Make an administrator."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Do as Django does; raises CommandError."""
        try:
            with acting_as_system_user(self), recording_saves("add_user"):
                return super().handle(*args, **options)
        except StorageUnavailable as error:
            raise CommandError(str(error)) from error
