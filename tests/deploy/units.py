"""The unit in deploy/systemd, read as systemd would."""

import subprocess
from functools import cache

from tests.deploy.grafana import DEPLOY

UNIT = DEPLOY / "systemd" / "chantilly.service"


def values(name: str) -> list[str]:
    """Return what the unit says of a name, a line each."""
    lines = [line.partition("=") for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    return [value for key, _, value in lines if key == name]


def allowed_calls(analyze: str) -> set[str]:
    """Return the names of the system calls that the unit's filter lets through."""
    allowed: set[str] = set()
    for line in values("SystemCallFilter"):
        names = {name for word in line.removeprefix("~").split() for name in _members(analyze, word)}
        allowed = allowed - names if line.startswith("~") else allowed | names
    # `systemd` adds what a process cannot begin without.
    return allowed | _members(analyze, "@default")


@cache
def _members(analyze: str, word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    shown = subprocess.run(
        [analyze, "syscall-filter", "--no-pager", word], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.strip() for line in shown.splitlines()[1:]]
    return {name for line in lines if line and line[0] != "#" for name in _members(analyze, line)}
