"""A table of a server's processes, in memory that all of them share."""

import mmap
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

_ROW_BYTES = 128
_TEXT_BYTES = 80
# Each field at a multiple of its size: a reader sees all of a number or nothing of it.
_BEAT, _SINCE, _PID, _STAGE, _RESTARTS, _DUTIES, _TEXT = 0, 8, 16, 20, 24, 32, 40
_DOUBLE, _INT = struct.Struct("=d"), struct.Struct("=I")


class Stage(IntEnum):
    """How far a process is; `AWAY`: it has ended, and is started again soon."""

    AWAY = 0
    STARTING = 1
    UP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """What is known of a process.

    `since` is when it got to its stage, in seconds since 1970; `n_restarts` how often it was started again;
    `last_end` says how it ended the last time, and is empty before that.
    """

    role: str
    number: int
    pid: int
    stage: Stage
    since: float
    n_restarts: int
    last_end: str


class Row:
    """A process's row. The parent and the process itself write to it, all read it."""

    __slots__ = ("_memory", "_start", "number", "role")

    def __init__(self, memory: mmap.mmap, start: int, role: str, number: int) -> None:
        self._memory = memory
        self._start = start
        self.role = role
        self.number = number

    def note_pid(self, pid: int) -> None:
        """Note the number of the process."""
        self._put(_PID, pid)

    def enter(self, stage: Stage) -> None:
        """Note that the process got to a stage."""
        _DOUBLE.pack_into(self._memory, self._start + _SINCE, time.time())
        self._put(_STAGE, stage)

    def note_end(self, text: str) -> None:
        """Note how the process ended, and that there will be another."""
        data = text.encode()[:_TEXT_BYTES].ljust(_TEXT_BYTES, b"\0")
        self._memory[self._start + _TEXT : self._start + _TEXT + _TEXT_BYTES] = data
        self._put(_RESTARTS, self._take(_RESTARTS) + 1)
        _DOUBLE.pack_into(self._memory, self._start + _DUTIES, 0.0)
        self.enter(Stage.AWAY)

    def beat(self) -> None:
        """Give a sign of life; for the process itself."""
        _DOUBLE.pack_into(self._memory, self._start + _BEAT, time.monotonic())

    def last_beat(self) -> float:
        """Return when the last sign of life was given, on the clock of `time.monotonic`."""
        return float(_DOUBLE.unpack_from(self._memory, self._start + _BEAT)[0])

    def note_duties(self) -> None:
        """Note that the process does what one of all has to do; for the process itself."""
        _DOUBLE.pack_into(self._memory, self._start + _DUTIES, time.monotonic())

    def duties_at(self) -> float:
        """Return when it did so last, on the clock of `time.monotonic`; it never has: long ago."""
        return float(_DOUBLE.unpack_from(self._memory, self._start + _DUTIES)[0]) or float("-inf")

    @property
    def stage(self) -> Stage:
        """The stage; whatever a process that went wild may have written, it is one."""
        try:
            return Stage(self._take(_STAGE))
        except ValueError:
            return Stage.AWAY

    def state(self) -> ProcessState:
        """Return what is known."""
        text = self._memory[self._start + _TEXT : self._start + _TEXT + _TEXT_BYTES]
        return ProcessState(
            role=self.role,
            number=self.number,
            pid=self._take(_PID),
            stage=self.stage,
            since=float(_DOUBLE.unpack_from(self._memory, self._start + _SINCE)[0]),
            n_restarts=self._take(_RESTARTS),
            last_end=text.rstrip(b"\0").decode(errors="ignore"),
        )

    def _put(self, field: int, value: int) -> None:
        _INT.pack_into(self._memory, self._start + field, value)

    def _take(self, field: int) -> int:
        return int(_INT.unpack_from(self._memory, self._start + field)[0])


class Table:
    """One row a process, and the time at which all of them have to be gone."""

    def __init__(self, processes: Iterable[tuple[str, int]]) -> None:
        """Make it for processes by role and number, before any is forked."""
        named = list(processes)
        self._memory = mmap.mmap(-1, _ROW_BYTES * (len(named) + 1))
        self.rows = {
            (role, number): Row(self._memory, _ROW_BYTES * i, role, number)
            for i, (role, number) in enumerate(named, start=1)
        }

    def states(self) -> list[ProcessState]:
        """Return what is known of each process."""
        return [row.state() for row in self.rows.values()]

    def end_by(self, deadline: float) -> None:
        """Note when all have to be gone, on the clock of `time.monotonic`."""
        _DOUBLE.pack_into(self._memory, 0, deadline)

    def seconds_left(self, otherwise: float) -> float:
        """Return the seconds that are left for a stop; `otherwise` where none was asked for."""
        deadline = float(_DOUBLE.unpack_from(self._memory, 0)[0])
        return max(0.0, deadline - time.monotonic()) if deadline else otherwise
