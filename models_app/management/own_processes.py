"""Commands in processes of their own, on another database than this one's."""

import os
import subprocess
import sys

from django.core.management.base import CommandError


def migrate(url: str) -> None:
    """Make the tables of a database, or bring them up to date; raises CommandError."""
    run(url, "migrate", "--no-input", "--verbosity", "0")


def run(url: str, *arguments: str) -> str:
    """Run a command in a process that has the database at a URL as its own; return what it says.

    Raises CommandError with what it says where it fails.
    """
    ended = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, sys.argv[0], *arguments],
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        # The URL may have a password.
        where, said = url.rpartition("@")[2], ended.stderr.strip() or ended.stdout.strip()
        raise CommandError(f"{arguments[0]} of {where}: {said}")
    return ended.stdout
