"""Roles of processes: what they do, how many there are, and who hears of their ends."""

from collections.abc import Callable
from dataclasses import dataclass

from models_app.processes.ends import End
from models_app.processes.table import Row, Stage, Table


@dataclass(frozen=True, slots=True)
class Place:
    """A child's own place among the processes."""

    table: Table
    row: Row

    @property
    def number(self) -> int:
        """Its number among those of its role, from 0 on."""
        return self.row.number

    def be_ready(self) -> None:
        """Say that the process does its work from now on."""
        self.row.enter(Stage.UP)


def _nothing_to_say(_number: int, _end: End) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What some processes do.

    `run` is called in a new process, which ends when it returns: it calls `be_ready` of its place once it
    does its work, and returns after SIGTERM. `ended` is called in the parent after an end that nobody asked
    for, and returns what is to be added to the log: where that is anything, what ran in the process is to
    blame, and not its start. A process that gives no sign of life for `silent_seconds` is killed.
    """

    name: str
    n: int
    run: Callable[[Place], None]
    silent_seconds: float
    ended: Callable[[int, End], str] = _nothing_to_say
