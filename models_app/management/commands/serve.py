"""`manage.py serve`: the production server."""

import gc
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connections

from models_app.management.base import SWITCH_INTERVAL
from models_app.management.claiming import claim_database
from models_app.management.migrating import migrations_are_missing
from models_app.management.processes import serve_by_processes
from models_app.services import runtime
from models_app.services.handing.server import listen
from web import listening, serving
from web.routes import limits_of_settings

APPLICATION = "chantilly_project.asgi:application"
# Records and their commands come and go in great numbers and hold no cycles; with Python's own thresholds an
# eighth of a stream's time goes into looking for some.
GARBAGE_THRESHOLDS = (20_000, 20, 50)


class Command(BaseCommand):
    """Serve over HTTP until SIGTERM or SIGINT."""

    help = "Serves the API, the dashboard and the admin (uvicorn)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address."""
        parser.add_argument("--host", default=settings.HOST, help=f"address (HOST, now {settings.HOST})")
        parser.add_argument(
            "--port", default=settings.PORT, type=int, help=f"port (PORT, now {settings.PORT})"
        )
        parser.add_argument(
            "--workers",
            default=settings.WORKERS,
            type=int,
            help=f"processes that answer clients (WORKERS, now {settings.WORKERS})",
        )
        parser.add_argument(
            "--setup",
            dest="with_setup",
            action="store_true",
            help="do first what `setup` does, once the port is found to be free",
        )

    def handle(
        self, *_args: Any, host: str, port: int, workers: int, with_setup: bool, **_options: Any
    ) -> None:
        """Serve. Raises CommandError if another process serves, the port is taken or migrations wait.

        It does, too, where others reach the address and nothing says whether they may, and where limits are
        of addresses that there are not.
        """
        _check_workers(workers)
        claim_database()
        shares = listening.bind_each(host, port, workers) if workers > 1 else [listening.bind(host, port)]
        listening.check_access(bound.getsockname()[0] for bound in shares[0])
        _check_rates()
        if with_setup:
            call_command("setup")
        _require_migrations()
        # Others than those of the setting may reach it.
        settings.HOST = host
        listening.allow_host(host)
        sys.setswitchinterval(SWITCH_INTERVAL)
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        greet = partial(self._greet, host, listening.base_url(host, shares[0][0].getsockname()[1]))
        if settings.ENGINE_PROCESSES:
            sys.exit(serve_by_processes(shares, serve=_serve, when_ready=greet))
        _serve(shares[0], greet)

    def _greet(self, host: str, url: str) -> None:
        lines = [
            f"API        {url}/api/",
            f"Dashboard  {url}/",
            f"Admin      {url}/admin/",
            f"API docs   {url}/api/docs",
        ]
        if listening.is_wildcard(host):
            names = ", ".join(settings.ALLOWED_HOSTS)
            lines.append(f"Clients elsewhere need this machine's names in ALLOWED_HOSTS (now {names}).")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _serve(sockets: Sequence[socket.socket], when_ready: Callable[[], None]) -> None:
    """Serve clients in this process, until a signal comes."""
    _exit_cleanly_on_signals()
    server = serving.Server(
        serving.make_config(APPLICATION, seconds_for_requests=runtime.seconds_for_requests()),
        when_ready=lambda: _be_ready(when_ready),
        when_stopping=runtime.announce_shutdown,
    )
    server.run(list(sockets))


def _be_ready(when_ready: Callable[[], None]) -> None:
    if runtime.engine_is_running():
        listen()
    _spare_what_there_is()
    when_ready()


def _check_workers(n: int) -> None:
    if n < 1:
        raise CommandError(f"WORKERS {n} cannot be used: allowed are whole numbers from 1 on.")
    if n > 1 and not settings.ENGINE_PROCESSES:
        raise CommandError(
            f"WORKERS {n} needs ENGINE_PROCESSES: a web worker among several has no models of its own. Set "
            "ENGINE_PROCESSES=1, or to more."
        )


def _spare_what_there_is() -> None:
    """Have the collector look no more at what there is by now: the application, once it is loaded."""
    gc.collect()
    gc.freeze()


def _check_rates() -> None:
    try:
        limits_of_settings()
    except ValueError as error:
        raise CommandError(f"RATE_LIMITS: {error}.") from None


def _require_migrations() -> None:
    try:
        missing = migrations_are_missing()
    except Error as error:
        raise CommandError(f"The database cannot be read: {error}.") from error
    finally:
        # This thread serves no model: the engine's threads have connections of their own.
        connections.close_all()
    if missing:
        raise CommandError("The database is not migrated: run `python manage.py setup` first.")


def _exit_cleanly_on_signals() -> None:
    """Exit with code 0: uvicorn raises the signal again after a clean stop, and before its start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
