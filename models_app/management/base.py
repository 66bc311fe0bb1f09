"""The base of the commands over the services: one line for whatever is refused."""

import getpass
import logging
import os
import sys
from contextlib import AbstractContextManager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from models_app.domain import actors
from models_app.domain.actors import Actor
from models_app.domain.errors import ChantillyError, Message, ModelNotFound, StorageUnavailable
from models_app.domain.resembling import question
from models_app.management.migrating import migrations_are_missing
from models_app.services import finding
from models_app.services.seeding import hash_seed_warning

# A thread that computes in Python gives the interpreter away only so often, in seconds. At Python's own 5 ms
# every hand-over between an event loop, or the thread that reads a file, and an engine thread may take that
# long, while another model learns, or another process waits for its turn.
SWITCH_INTERVAL = 0.0005


class ServiceCommand(BaseCommand):
    """A command that makes one call to a service; subclasses write `serve`.

    A refusal, an error of the operating system or a wrong argument is one line on stderr and exit code 1.
    """

    # They look at URLs and templates, which no such command uses, and take longer than most of them.
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as `manage.py` does, exiting with 1 for wrong arguments, too."""
        # What is refused is reported once, by the command; the engine would log it as a server's.
        logging.getLogger("models_app").setLevel(logging.CRITICAL)
        sys.setswitchinterval(SWITCH_INTERVAL)
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            self.stderr.write(f"CommandError: {str(error).removeprefix('Error: ')}")
            sys.exit(error.returncode)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that raises CommandError instead of printing the usage."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def handle(self, *_args: Any, **options: Any) -> None:
        """Call the service; raises CommandError with one line for whatever is refused."""
        warning = hash_seed_warning()
        if warning is not None:
            # Started by something else than `manage.py`. The log is silent in a command.
            self.stderr.write(f"Warning: {warning}")
        try:
            with acting_as_system_user(self):
                self.serve(**options)
        except ChantillyError as error:
            raise CommandError(explained(error)) from error
        except OSError as error:
            raise CommandError(_one_line(_explain_os(error))) from error

    def serve(self, *args: Any, **options: Any) -> None:
        """Do what the command is for, with the options by name."""
        raise NotImplementedError


def acting_as_system_user(command: BaseCommand) -> AbstractContextManager[None]:
    """Have what is done in a block be done, for the audit trail, by whoever runs a command."""
    name = type(command).__module__.rpartition(".")[2]
    return actors.acting(lambda: Actor(f"system user '{_system_user()}'", f"manage.py {name}"))


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # It has a number and no name, as in containers.
        return str(os.getuid())


def message_line(message: Message) -> str:
    """Return a refusal's message as one line.

    >>> message_line({"name": ["must not contain a slash"]})
    'name: must not contain a slash'
    """
    if isinstance(message, str):
        return _one_line(message)
    return _one_line("; ".join(f"{field}: {', '.join(reasons)}" for field, reasons in message.items()))


def _one_line(value: object) -> str:
    return " ".join(str(value).split())


def explained(error: ChantillyError) -> str:
    """Return a refusal in one line, with what may help: for an unknown model, names like it."""
    if isinstance(error, StorageUnavailable) and _is_not_migrated():
        return "The database is not migrated: run `python manage.py setup` first."
    text = message_line(error.message)
    return f"{text}{_instead_of(error.name)}" if isinstance(error, ModelNotFound) else text


def _instead_of(name: str) -> str:
    try:
        return question(finding.nearest_names(name))
    except ChantillyError:
        return ""


def _explain_os(error: OSError) -> str:
    if error.strerror is None or error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


def _is_not_migrated() -> bool:
    try:
        return migrations_are_missing()
    except Error:
        return False
