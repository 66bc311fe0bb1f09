"""`manage.py runserver`: daphne with autoreload, for development."""

import os
from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.conf import settings
from django.core.management.base import CommandError

from models_app.management.claiming import claim_database
from models_app.services import runtime
from web import listening


class Command(DaphneCommand):  # type: ignore[misc]
    """Daphne's runserver on the project's own address, with the engine."""

    default_addr = settings.HOST
    default_port = str(settings.PORT)

    def add_arguments(self, parser: Any) -> None:
        """Take Django's and daphne's options."""
        super().add_arguments(parser)
        # Whitenoise serves the static files, here as in production.
        parser.set_defaults(use_static_handler=False)

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serve until the interrupt; the reloader ends the process without one."""
        try:
            listening.check_access(listening.addresses_of(self.addr, int(self.port)))
            claim_database()
        except CommandError as error:
            # Raised in the reloader's thread, it would be waited for a change of the code.
            self.stderr.write(f"CommandError: {error}")
            os._exit(1)
        settings.HOST = self.addr
        listening.allow_host(self.addr)
        try:
            super().inner_run(*args, **options)
        finally:
            runtime.announce_shutdown()
            runtime.stop_engine(seconds=settings.SHUTDOWN_SECONDS)

    def get_application(self, options: dict[str, Any]) -> Any:
        """Give the application, started: daphne sends no lifespan messages."""
        application = super().get_application(options)
        runtime.start_engine()
        return application
