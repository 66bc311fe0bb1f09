"""A process that forks `manage.py` on request: see `launchers.ForkServer`. Runs as a script."""

import json
import os
import runpy
import sys
import time
from pathlib import Path


def preload() -> None:
    """Import what takes long and keeps no state of a configuration."""
    import daphne.server
    import rest_framework
    import river.metrics
    import river.tree
    import uvicorn
    import uvloop

    # They are wanted for having been imported.
    del daphne, rest_framework, river, uvicorn, uvloop


def serve() -> None:
    """Answer requests, one JSON list a line, until they end; in a fork, run `manage.py`."""
    for line in sys.stdin:
        request, *arguments = json.loads(line)
        if request == "start":
            pid = os.fork()
            if pid == 0:
                run(*arguments)
                return
            answer: int | None = pid
        else:
            answer = wait(arguments[0], 0.0 if request == "poll" else arguments[1])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def wait(pid: int, seconds: float | None) -> int | None:
    """Return the exit code of a fork, None if it has not ended after so many seconds."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            return None
        time.sleep(0.01)


def run(arguments: list[str], environment: dict[str, str], log: str) -> None:
    """Become `manage.py` with these arguments."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(environment)
    root = Path(__file__).parents[2]
    sys.path[0] = str(root)
    sys.argv = ["manage.py", *arguments]
    # An instance with another seed is served by a process of its own, which is started by these.
    sys.orig_argv = [sys.executable, *sys.argv]
    runpy.run_path(str(root / "manage.py"), run_name="__main__")


if __name__ == "__main__":
    preload()
    serve()
