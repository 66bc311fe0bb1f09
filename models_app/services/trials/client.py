"""The server's side of trials: asks the helper, starts it where it does not run, and says what came of it."""

import atexit
import json
import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models_app.domain.errors import (
    InvalidSpec,
    ModelNotReadable,
    ModelNotSuitable,
    ServerStopping,
    UploadsBusy,
)
from models_app.domain.specs.decoding import WHOLE
from models_app.domain.uploads import Taken
from models_app.paradigms import trials
from models_app.paradigms.trials import TrialResult
from models_app.services.trials import findings, folders, frames
from models_app.services.trials.limits import Limits

_BOOT = (
    "import json, sys; arguments = json.loads(sys.argv[1]); sys.path[:] = arguments['path']; "
    "from models_app.services.trials.helper import boot; boot(arguments)"
)
# What Python and its libraries go by, beside a folder to write to; all else is nobody's business who uploads.
_NEEDED = re.compile(
    r"LANG|LANGUAGE|LC_.*|TZ|PYTHON.*|(DY)?LD_LIBRARY_PATH|(OMP|OPENBLAS|MKL|NUMEXPR)_.*|DJANGO_SETTINGS_MODULE"
)
_LATE = "let it do less in its __setstate__ and its imports, or make the setting UPLOAD_SECONDS longer."
_ENDED = (
    "Let it be unpickled, predict and learn in a process of your own, with the server's libraries, and mend "
    "what fails there."
)
# River is imported meanwhile.
_START_SECONDS = 60.0
# The helper ends a trial in time; one that does not has trouble of its own.
_GRACE_SECONDS = 5.0


class _NoHelper(Exception):
    """The helper has ended, or cannot be started."""


class Helper:
    """The helper process of this one. For any thread; started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._n_stops = 0
        self._hidden: tuple[str, ...] = ()
        self._folder = Path()

    def hide(self, *paths: Path) -> None:
        """Have trials not reach these files and folders, where the system can keep them away."""
        self._hidden += tuple(str(path) for path in paths)

    def run(  # noqa: PLR0913  # as many as an upload has choices
        self,
        data: bytes,
        flavor: str,
        limits: Limits,
        *,
        is_read_only: bool = False,
        taken: Taken = Taken.ANY,
        is_spec: bool = False,
        is_drawn: bool = False,
    ) -> TrialResult:
        """Try an upload in a process of its own; one that `is_spec` is a specification.

        With `is_drawn` the model is also to draw itself.

        Raises `InvalidSpec`, `ModelNotAllowed`, `ModelNotReadable`, `ModelNotSuitable`, `ServerStopping`, and
        `UploadsBusy` where there is no process to be had.
        """
        n_stops = self._n_stops
        asked = {
            "flavor": flavor,
            "is_read_only": is_read_only,
            "taken": taken,
            "is_spec": is_spec,
            "is_drawn": is_drawn,
        }
        for _ in range(2):
            with suppress(_NoHelper):
                return self._run(data, asked, limits)
            if self._n_stops != n_stops:
                raise ServerStopping
        raise UploadsBusy("The process that tries uploads cannot be started, or has ended; try again.")

    def stop(self) -> None:
        """Give up what is being tried, for good: the server stops."""
        self._n_stops += 1
        process = self._process
        # Not under the lock: whoever starts the helper holds it for seconds.
        if process is not None and self._owner == os.getpid():
            process.kill()

    def close(self) -> None:
        """End the helper, if it runs."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """The helper's process id; None where it does not run."""
        return None if self._process is None else self._process.pid

    def _run(self, data: bytes, asked: dict[str, Any], limits: Limits) -> TrialResult:
        mine, its = socket.socketpair()
        with mine:
            with its:
                self._hand_over(its, limits)
            exchange = _Exchange(mine, limits, stage=trials.BUILDING if asked["is_spec"] else "")
            try:
                return exchange.run(data, asked)
            except TimeoutError:
                self.close()
                raise _NoHelper from None

    def _hand_over(self, connection: socket.socket, limits: Limits) -> None:
        with self._lock:
            control = self._started()
            try:
                socket.send_fds(control, [frames.SECONDS.pack(limits.seconds)], [connection.fileno()])
            except OSError:
                self._end()
                raise _NoHelper from None

    def _started(self) -> socket.socket:
        if self._control is not None and self._owner == os.getpid():
            return self._control
        try:
            self._folder = folders.make()
        except OSError:
            raise _NoHelper from None
        mine, its = socket.socketpair()
        arguments = {
            "path": sys.path,
            "control": its.fileno(),
            "recursion_limit": sys.getrecursionlimit(),
            "hidden": self._hidden,
            "folder": str(self._folder),
        }
        with its:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # this Python itself
                    [sys.executable, "-c", _BOOT, json.dumps(arguments)],
                    pass_fds=[its.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={n: value for n, value in os.environ.items() if _NEEDED.fullmatch(n)}
                    | {"TMPDIR": str(self._folder)},
                )
            except OSError:
                mine.close()
                folders.remove(self._folder)
                raise _NoHelper from None
        self._control, self._owner = mine, os.getpid()
        self._await_start(mine)
        return mine

    def _await_start(self, control: socket.socket) -> None:
        control.settimeout(_START_SECONDS)
        try:
            is_ready = control.recv(1) != b""
        except OSError:
            is_ready = False
        control.settimeout(None)
        if not is_ready:
            self._end()
            raise _NoHelper

    def _end(self) -> None:
        control, process = self._control, self._process
        self._control = self._process = None
        if control is None or process is None or self._owner != os.getpid():
            # A fork's: its parent sees to it.
            return
        control.close()
        process.kill()
        process.wait()
        folders.remove(self._folder)


@dataclass(slots=True)
class _Exchange:
    """One trial: what was sent, and how far it is."""

    connection: socket.socket
    limits: Limits
    stage: str = ""
    known: TrialResult = field(default_factory=TrialResult)

    def run(self, data: bytes, asked: dict[str, Any]) -> TrialResult:
        self.connection.settimeout(self.limits.seconds + _GRACE_SECONDS)
        request = {
            **asked,
            "limits": {"seconds": self.limits.seconds, "memory_bytes": self.limits.memory_bytes},
        }
        with suppress(BrokenPipeError, ConnectionResetError):
            # It may have ended before it has read all; it says why.
            frames.send_request(self.connection, request, data)
        try:
            return self._result()
        except TimeoutError:
            if self.stage != trials.TRYING:
                raise
            # It sleeps, or computes for long: what it does with features of its own, the engine sees.
            return self.known
        except frames.TooMuch:
            raise ModelNotSuitable(f"The model writes where its trial answers. {_ENDED}") from None
        except (frames.Broken, ConnectionResetError):
            raise _NoHelper from None

    def _result(self) -> TrialResult:
        for answer in frames.answers(self.connection):
            if "stage" in answer:
                self._reached(answer)
            elif "refused" in answer:
                raise findings.refusal(answer)
            elif "ended" in answer:
                return self._ended(answer)
            elif "predict_method" in answer:
                return findings.finding(answer)
            else:
                # No trial says nothing.
                raise frames.TooMuch
        raise frames.Broken("it ends too early")

    def _reached(self, answer: dict[str, Any]) -> None:
        self.stage = str(answer["stage"])
        self.known = findings.finding(answer)
        if self.stage == trials.TRYING:
            self.connection.settimeout(trials.TRYING_SECONDS + 0.5)

    def _ended(self, answer: dict[str, Any]) -> TrialResult:
        seconds = f"{self.limits.seconds:g} s"
        if self.stage == trials.BUILDING:
            how = f"took longer than {seconds}"
            if not answer.get("is_late"):
                how = f"ended the process that it was built in ({findings.ending(int(answer['ended']))})"
            raise InvalidSpec({WHOLE: [f"Building the model {how}: use smaller numbers."]})
        if answer.get("is_late"):
            raise ModelNotReadable(f"Unpickling the model took longer than {seconds}: {_LATE}")
        how = findings.ending(int(answer["ended"]))
        if self.stage == trials.TRYING:
            raise ModelNotSuitable(f"The model ended the process that it was tried in ({how}). {_ENDED}")
        raise ModelNotReadable(
            f"Unpickling the model ended the process that it was tried in ({how}). {_ENDED}"
        )


helper = Helper()
atexit.register(helper.close)
