"""A process that forks `manage.py` on request: see `launchers.ForkServer`. Runs as a script."""

import gc
import importlib
import json
import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[0] = str(ROOT)

from tests.servers import helpers  # noqa: E402  # the folder is in the path only now

#: What takes long to import and keeps no state of a configuration.
PRELOADED = (
    "daphne.server", "django.core.management", "django.db.models",
    "django.template.defaulttags", "dj_database_url", "dill", "jwt.algorithms", "requests", "rest_framework",
    "river.metrics", "river.tree", "sqlparse.filters", "uvicorn", "uvloop",
    "models_app.domain.blobs", "models_app.domain.draws", "models_app.engine.engine",
    "models_app.paradigms.trials", "models_app.services.trials.client",
)  # fmt: skip


def preload() -> None:
    """Import what the forks need; the garbage collector need not look at it in each of them."""
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()


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
    client = importlib.import_module("models_app.services.trials.client")
    setattr(client, "subprocess", helpers.MODULE)  # noqa: B010  # of a module
    sys.argv = ["manage.py", *arguments]
    # An instance with another seed is served by a process of its own, which is started by these.
    sys.orig_argv = [sys.executable, *sys.argv]
    runpy.run_path(str(ROOT / "manage.py"), run_name="__main__")


if __name__ == "__main__":
    with helpers.forked():
        preload()
        serve()
