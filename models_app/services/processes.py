"""The processes of this server, as each of them knows the others."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from models_app.processes.pages import Page
from models_app.processes.table import ProcessState, Row, Stage, Table
from models_app.services import hooks

# Who has the duties does some of them every second; a database that is slow may hold them up.
_DUTIES_SECONDS = 10.0
#: The roles: of who works on the models, of who answers clients, and of a process that does both.
SHARD, WEB, SERVER = "shard", "web", "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFigures:
    """A process: `memory_bytes` is what it has of the machine's memory, None where there is none.

    `has_duties`: it does what one of all processes has to do. `state` is what its parent knows of it.
    """

    state: ProcessState
    memory_bytes: int | None
    has_duties: bool

    @property
    def is_up(self) -> bool:
        """Say whether it does its work."""
        # One that has ended has no memory before its parent has noticed.
        return self.state.stage is Stage.UP and self.memory_bytes != 0

    def __str__(self) -> str:
        """Say how it is."""
        state = self.state
        stage = "starting" if state.stage is Stage.STARTING else "up" if self.is_up else "away"
        why = f": it {state.last_end}" if state.last_end and state.stage is not Stage.UP else ""
        return f"{state.role} {state.number} is {stage}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """This process among those of its server: all of them, its own row, and the page of each web worker."""

    table: Table
    row: Row
    pages: list[Page]
    folder: Path

    @property
    def number(self) -> int:
        """Its number among those of its role."""
        return self.row.number


class _Here:
    """What this process knows: of others, where there are any, and when it has done duties last."""

    def __init__(self) -> None:
        self.membership: Membership | None = None
        self.did_duties_at = float("-inf")
        self.started_at = time.time()

    def do_duties(self) -> None:
        self.did_duties_at = time.monotonic()
        if self.membership is not None:
            self.membership.row.note_duties()


_here = _Here()
# It is called in the process that has the duties, and in no other.
hooks.sampling.add(_here.do_duties)


def join(membership: Membership) -> None:
    """Have this process be one of several from now on."""
    _here.membership = membership


def membership() -> Membership | None:
    """Return this process's place among others; None: it is the whole server."""
    return _here.membership


def processes() -> list[ProcessFigures]:
    """Return the processes of this server, without their parent."""
    now, joined = time.monotonic(), _here.membership
    if joined is None:
        return [_figures(_alone(), now - _here.did_duties_at)]
    return [_figures(row.state(), now - row.duties_at()) for row in joined.table.rows.values()]


def _alone() -> ProcessState:
    return ProcessState(
        role=SERVER,
        number=0,
        pid=os.getpid(),
        stage=Stage.UP,
        since=_here.started_at,
        n_restarts=0,
        last_end="",
    )


def _figures(state: ProcessState, duties_age: float) -> ProcessFigures:
    lives = state.stage is not Stage.AWAY
    return ProcessFigures(
        state=state,
        memory_bytes=memory_bytes(state.pid) if lives else None,
        has_duties=lives and duties_age < _DUTIES_SECONDS,
    )


def memory_bytes(pid: int) -> int | None:
    """Return what a process has of the machine's memory; None: there is no such process."""
    try:
        n_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return n_pages * os.sysconf("SC_PAGESIZE")
