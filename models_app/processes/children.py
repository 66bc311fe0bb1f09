"""A child: a process that is forked from this one, and forked again after its end."""

import ctypes
import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.process import BaseProcess

from models_app.processes.ends import End, n_killed_for_memory
from models_app.processes.roles import Place, Role
from models_app.processes.table import Stage, Table

_BEAT_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
# Who lived that long did not die at once.
_LONG_LIFE = 10.0
# A look that comes later than that says nothing about the child: the parent itself, or all, stood still.
_LONGEST_STEP = 1.0
# After a signal that has a process say where it is and end, until one that just ends it.
_ABORT_SECONDS = 2.0
_HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
_fork = multiprocessing.get_context("fork")


class Child:
    """One process of a role. Its parent has no thread but the one that uses this."""

    def __init__(self, role: Role, number: int, table: Table) -> None:
        self.role = role
        self.number = number
        self._place = Place(table, table.rows[role.name, number])
        self._process: BaseProcess | None = None
        self._started_at = 0.0
        self._pause = 0.0
        #: When it is to be started again, on the clock of `time.monotonic`.
        self.due_at: float | None = None
        #: Whether it has ever done its work.
        self.was_ever_up = False
        self._beat = 0.0
        self._silent_for = 0.0
        self._looked_at = 0.0
        self._aborted_at: float | None = None
        self._n_killed_before = 0

    def __str__(self) -> str:
        return f"{self.role.name} {self.number}"

    @property
    def pid(self) -> int | None:
        """The number of its process; None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def lives(self) -> bool:
        """Say whether there is a process that has not been seen to end."""
        return self._process is not None

    def note_stage(self) -> None:
        """Note whether it does its work, while its last word on that is to be had."""
        self.was_ever_up |= self.lives and self._place.row.stage is Stage.UP

    def start(self) -> None:
        """Start a process."""
        self.due_at = self._aborted_at = None
        self._started_at = self._looked_at = time.monotonic()
        self._silent_for = 0.0
        self._n_killed_before = n_killed_for_memory()
        self._place.row.enter(Stage.STARTING)
        parent = os.getpid()
        self._process = _fork.Process(target=_live, args=(self.role, self._place, parent), name=str(self))
        # Between the fork and its own handlers the child would take a signal for one to its parent.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        assert self._process.pid is not None  # noqa: S101  # it is started
        # Not its stage: it may be up by now.
        self._place.row.note_pid(self._process.pid)

    def ended(self) -> End | None:
        """Return how the process has ended, once; None while it lives, or where there is none."""
        if self._process is None or (code := self._process.exitcode) is None:
            return None
        self._process.close()
        self._process = None
        return End(
            code=code,
            was_silent=self._aborted_at is not None,
            was_short_of_memory=n_killed_for_memory() > self._n_killed_before,
        )

    def put_off(self, end: End) -> float:
        """Have it started again after a while, and return that: longer where it died at once, again."""
        lived = time.monotonic() - self._started_at
        self._pause = _FIRST_PAUSE if lived > _LONG_LIFE else min(_LONGEST_PAUSE, 2 * self._pause)
        self._pause = max(_FIRST_PAUSE, self._pause)
        self.due_at = time.monotonic() + self._pause
        self._place.row.note_end(str(end))
        return self._pause

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it lives."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def look(self, now: float) -> bool:
        """Look for a sign of life; say whether there has been none for too long, and it is being ended."""
        step, self._looked_at = min(now - self._looked_at, _LONGEST_STEP), now
        if not self.lives:
            return False
        beat = self._place.row.last_beat()
        self._silent_for = self._silent_for + step if beat == self._beat else 0.0
        self._beat = beat
        if self._aborted_at is not None:
            if now - self._aborted_at > _ABORT_SECONDS:
                self.signal(signal.SIGKILL)
            return False
        if self._silent_for < self.role.silent_seconds:
            return False
        self._aborted_at = now
        # It writes down where each of its threads is.
        self.signal(signal.SIGABRT)
        return True


def _live(role: Role, place: Place, parent: int) -> None:
    """Be the child, to its end."""
    _end_with_parent(parent)
    # What a terminal sends to all that runs there is for the parent, which stops its children in order.
    os.setpgid(0, 0)
    _take_signals_as_new()
    # Where its threads are, for the log, should it be killed by a signal.
    faulthandler.enable(file=2)
    threading.Thread(target=_beat, args=(place,), name="beating", daemon=True).start()
    try:
        role.run(place)
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()


def _beat(place: Place) -> None:
    while True:
        place.row.beat()
        time.sleep(_BEAT_SECONDS)


def _take_signals_as_new() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)


def _end_with_parent(parent: int) -> None:
    """Have this process asked to stop when its parent is gone, whatever ended that."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)
