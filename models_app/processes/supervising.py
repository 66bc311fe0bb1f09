"""The parent: starts the processes of all roles, again where they die, and stops them in order."""

import logging
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from models_app.processes.children import Child
from models_app.processes.roles import Role
from models_app.processes.table import Table

logger = logging.getLogger(__name__)

_STARTING_STEP, _STEP = 0.01, 0.25
# Beyond the time for a stop, for interpreters to end.
_EXIT_SECONDS = 1.5
# What is left where a stop was asked for twice.
_HURRIED_SECONDS = 1.0
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """Runs processes by their roles: those of the first are up before those of the next are started.

    They are stopped in the opposite order. One that dies is started again, after a while that grows where it
    dies at once.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        table: Table,
        *,
        stop_seconds: float,
        when_ready: Callable[[], None],
        when_stopping: Callable[[], None] = lambda: None,
    ) -> None:
        """`when_ready` is called once all are up, `when_stopping` before the first is stopped.

        A stop takes `stop_seconds`: half of them until those of the first role are stopped, too.
        """
        self._table = table
        self._stop_seconds = stop_seconds
        self._when_ready = when_ready
        self._when_stopping = when_stopping
        self._groups = [[Child(role, i, table) for i in range(role.n)] for role in roles]
        self._n_asked = 0
        self._has_failed = False

    @property
    def _children(self) -> list[Child]:
        return [child for group in self._groups for child in group]

    def run(self) -> int:
        """Run until a signal asks for the end; return the exit code."""
        with _signals(self._note_signal) as wakeup:
            if self._start(wakeup):
                self._when_ready()
                while not self._is_asked:
                    self._step(wakeup, _STEP)
            self._stop(wakeup)
        return 1 if self._has_failed else 0

    @property
    def _is_asked(self) -> bool:
        return self._n_asked > 0 or self._has_failed

    def _note_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in _STOPS:
            self._n_asked += 1

    def _start(self, wakeup: socket.socket) -> bool:
        """Start all; False: a stop was asked for meanwhile, or one cannot start at all."""
        for group in self._groups:
            for child in group:
                child.start()
            # One that dies again and again must not keep the others from serving.
            while not all(child.was_ever_up for child in group):
                self._step(wakeup, _STARTING_STEP)
                if self._is_asked:
                    return False
        return True

    def _step(self, wakeup: socket.socket, seconds: float) -> None:
        """Wait for something to happen, and see to the children."""
        due = [child.due_at - time.monotonic() for child in self._children if child.due_at is not None]
        _wait(wakeup, max(0.0, min([seconds, *due])))
        now = time.monotonic()
        for child in self._children:
            self._see_to(child, now)

    def _see_to(self, child: Child, now: float) -> None:
        child.note_stage()
        if child.look(now):
            logger.error(
                "%s (process %d) gives no sign of life for %.0f s and is ended",
                child, child.pid, child.role.silent_seconds,
            )  # fmt: skip
        pid = child.pid
        end = child.ended()
        if end is not None:
            said = child.role.ended(child.number, end)
            pause = child.put_off(end)
            if end.code > 0 and not child.was_ever_up and not said:
                logger.error("%s %s before it was ready: the server cannot start", child, end)
                self._has_failed = True
                child.due_at = None
                return
            logger.error("%s (process %d) %s; it is started again in %.1f s%s", child, pid, end, pause, said)
        if child.due_at is not None and now >= child.due_at:
            child.start()

    def _stop(self, wakeup: socket.socket) -> None:
        """Stop the last group, then those before it, within the time for a stop."""
        began_at = time.monotonic()
        self._when_stopping()
        self._table.end_by(began_at + self._stop_seconds)
        for child in self._children:
            child.due_at = None
        groups = [group for group in reversed(self._groups) if any(child.lives for child in group)]
        for i, group in enumerate(groups):
            is_last = i == len(groups) - 1
            share = self._stop_seconds + _EXIT_SECONDS if is_last else self._stop_seconds / 2 + _EXIT_SECONDS
            self._stop_group(wakeup, group, began_at + share)

    def _stop_group(self, wakeup: socket.socket, group: Sequence[Child], deadline: float) -> None:
        """Have all of a group end; who has not by `deadline` is killed."""
        _signal_all(group, signal.SIGTERM)
        n_asked = max(1, self._n_asked)
        while any(child.lives for child in group):
            if self._n_asked > n_asked:
                n_asked = self._n_asked
                deadline = min(deadline, time.monotonic() + _HURRIED_SECONDS + _EXIT_SECONDS)
                self._table.end_by(time.monotonic() + _HURRIED_SECONDS)
                _signal_all(group, signal.SIGINT)
            if time.monotonic() >= deadline:
                deadline = float("inf")
                for child in group:
                    if child.lives:
                        logger.error("%s (process %d) did not stop in time and is killed", child, child.pid)
                        self._has_failed = True
                _signal_all(group, signal.SIGKILL)
            _wait(wakeup, max(0.0, min(_STEP, deadline - time.monotonic())))
            for child in self._children:
                self._note_end(child)

    def _note_end(self, child: Child) -> None:
        pid = child.pid
        end = child.ended()
        if end is not None and end.code not in (0, -signal.SIGTERM, -signal.SIGKILL):
            logger.error("%s (process %d) %s while the server stopped", child, pid, end)


def _signal_all(group: Sequence[Child], number: int) -> None:
    for child in group:
        child.signal(number)


@contextmanager
def _signals(note: Callable[[int, FrameType | None], None]) -> Iterator[socket.socket]:
    """Have signals noted, and the socket readable after each."""
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, note) for number in (*_STOPS, signal.SIGCHLD)}
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)


def _wait(wakeup: socket.socket, seconds: float) -> None:
    if select.select([wakeup], [], [], seconds)[0]:
        wakeup.recv(4096)
