"""The helper: one thread that has River imported, forks for each trial, and ends those that take too long."""

import contextlib
import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import river

from models_app.domain.errors import ChantillyError, ModelNotReadable
from models_app.domain.specs import allowing
from models_app.domain.uploads import Taken
from models_app.paradigms import trials
from models_app.services.trials import folders, frames
from models_app.services.trials.isolation import isolate
from models_app.services.trials.limits import Limits, write_nothing

# One that nobody has needed for so long ends; the next upload starts another.
IDLE_SECONDS = 600.0
_WITHOUT_DJANGO = ("AppRegistryNotReady", "ImproperlyConfigured")
READY = b"r"
# How often it is looked at what is written.
_LOOK_SECONDS = 0.5


@dataclass(slots=True)
class _Trial:
    pid: int
    connection: socket.socket
    #: Where it works, and may write.
    folder: Path
    #: On the monotonic clock.
    deadline: float
    is_late: bool = False


def main(
    control: socket.socket, home: Path, *, hidden: Sequence[Path] = (), idle_seconds: float = IDLE_SECONDS
) -> None:
    """Serve until the other end of `control` closes; trials work in folders in `home`."""
    _import_river()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control.sendall(READY)
    _Helper(control, home, hidden, idle_seconds).serve()


def _import_river() -> None:
    for module in pkgutil.iter_modules(river.__path__):
        with contextlib.suppress(ImportError):
            importlib.import_module(f"river.{module.name}")
    # Read once, for all trials: they may not be able to.
    allowing.paths()


class _Helper:
    def __init__(
        self, control: socket.socket, home: Path, hidden: Sequence[Path], idle_seconds: float
    ) -> None:
        self._control = control
        self._home = home
        self._hidden = hidden
        self._idle_seconds = idle_seconds
        self._trials: dict[int, _Trial] = {}
        self._woken, waking = socket.socketpair()
        self._woken.setblocking(False)
        waking.setblocking(False)
        self._waking = waking
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Begin trials, and see to their end."""
        while True:
            found = self._wait()
            if found is None:
                break
            if self._control.fileno() in found and not self._begin():
                break
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
            self._end_those(found)
        for trial in self._trials.values():
            _kill(trial)
        folders.remove(self._home)

    def _wait(self) -> set[int] | None:
        """Return the descriptors that have something; None: nobody has wanted anything for long."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        for trial in self._trials.values():
            # Who asked has gone: nothing else is reported without being asked for.
            poll.register(trial.connection, 0)
        deadlines = [trial.deadline for trial in self._trials.values() if not trial.is_late]
        seconds = min(deadlines) - time.monotonic() if deadlines else self._idle_seconds
        if self._trials:
            seconds = min(seconds, _LOOK_SECONDS)
        ready = {descriptor for descriptor, _ in poll.poll(max(0.0, seconds) * 1000)}
        return ready if ready or self._trials else None

    def _begin(self) -> bool:
        """Fork for a trial; return False where the server has gone."""
        try:
            asked, descriptors, _, _ = socket.recv_fds(self._control, frames.SECONDS.size, 1)
        except OSError:
            return False
        if not descriptors:
            return False
        connection = socket.socket(fileno=descriptors[0])
        (seconds,) = frames.SECONDS.unpack(asked)
        # Where the system has no room for one more process, the server hears that the connection closes.
        folder: Path | None = None
        with contextlib.suppress(OSError):
            folder = folders.make(self._home)
            pid = os.fork()
            if pid == 0:
                self._become(connection, folder)
            self._trials[pid] = _Trial(pid, connection, folder, time.monotonic() + seconds)
            return True
        connection.close()
        if folder is not None:
            folders.remove(folder)
        return True

    def _become(self, connection: socket.socket, folder: Path) -> None:
        """Try what comes over the connection, in a fork; never return."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            _keep_only(connection.fileno())
            folders.work_in(folder)
            status = _answer(connection, lambda: isolate(self._hidden, folder))
        finally:
            os._exit(status)

    def _end_those(self, found: set[int]) -> None:
        now = time.monotonic()
        for trial in self._trials.values():
            is_late = now > trial.deadline
            if trial.connection.fileno() in found or is_late or folders.is_full(trial.folder):
                trial.is_late = trial.is_late or is_late
                _kill(trial)
        self._reap()

    def _reap(self) -> None:
        for pid in list(self._trials):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                trial = self._trials.pop(pid)
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    # What it has started, if anything.
                    os.killpg(pid, signal.SIGKILL)
                with contextlib.suppress(OSError):
                    trial.connection.setblocking(False)
                    frames.send_answer(
                        trial.connection, ended=os.waitstatus_to_exitcode(status), is_late=trial.is_late
                    )
                trial.connection.close()
                folders.remove(trial.folder)


def _kill(trial: _Trial) -> None:
    """End a trial and whatever it has started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(trial.pid, signal.SIGKILL)


def _keep_only(descriptor: int) -> None:
    """Close all else, and let nothing be read or written."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 65_536)


def _answer(connection: socket.socket, isolate_it: Callable[[], None]) -> int:
    request, data = frames.receive_request(connection)
    Limits(**request["limits"]).apply()
    isolate_it()
    pid = os.getpid()
    try:
        finding = _try(connection, data, request)
    except ChantillyError as error:
        answer: dict[str, Any] = {"refused": error.code, "message": error.message}
    else:
        answer = asdict(finding)
    # A fork of the model's, which has come out of its code, has nothing to say.
    if os.getpid() == pid:
        frames.send_answer(connection, **answer)
    return 0


def _try(connection: socket.socket, data: bytes, request: dict[str, Any]) -> trials.TrialResult:
    def reached(stage: str, known: trials.TrialResult) -> None:
        if stage == trials.TRYING:
            write_nothing()
        frames.send_answer(connection, stage=stage, **asdict(known))

    run = partial(
        trials.run,
        data,
        request["flavor"],
        reached,
        is_read_only=request["is_read_only"],
        taken=Taken(request["taken"]),
        is_spec=request["is_spec"],
        is_drawn=request["is_drawn"],
    )
    try:
        return run()
    except ModelNotReadable as error:
        if type(error.__cause__).__name__ not in _WITHOUT_DJANGO:
            raise
    # The model's modules are parts of a Django project, as the server is.
    import django

    django.setup(set_prefix=False)
    return run()


def boot(arguments: dict[str, Any]) -> None:
    """Run as the server's child, with its recursion limit: what a model does depends on that."""
    sys.setrecursionlimit(arguments["recursion_limit"])
    hidden = [Path(path) for path in arguments["hidden"]]
    main(socket.socket(fileno=arguments["control"]), Path(arguments["folder"]), hidden=hidden)
