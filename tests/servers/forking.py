"""A process that forks `manage.py` on request: see `launchers.ForkServer`. Runs as a script."""

import json
import os
import runpy
import sys
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
            ended, status = os.waitpid(arguments[0], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def run(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    """Become `manage.py` with these arguments; what it says is appended to files."""
    appends = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for target, (path, flags) in enumerate([(os.devnull, os.O_RDONLY), (out, appends), (err, appends)]):
        source = os.open(path, flags, 0o600)
        os.dup2(source, target)
        os.close(source)
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
