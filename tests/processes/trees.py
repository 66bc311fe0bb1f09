"""A server's processes that do nothing, in a process of their own. Runs as a script: `trees FOLDER SECONDS`.

Each says what it does in a line. A file of its name in the folder says what a child does otherwise; a stop
takes that many seconds.
"""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from models_app.processes.ends import End
from models_app.processes.roles import Place, Role
from models_app.processes.supervising import Supervisor
from models_app.processes.table import Table


def say(*words: object) -> None:
    """Say something in one piece."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def run(place: Place) -> None:
    """Wait for the end, in the way that the folder says."""
    name = f"{place.row.role}-{place.number}"
    ends = threading.Event()
    told = Path(sys.argv[1], name)
    how = told.read_text() if told.exists() else ""
    if how == "cannot start":
        sys.exit(3)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN if how == "does not end" else lambda *_: ends.set())
    say(name, os.getpid())
    place.be_ready()
    if how == "ends at once":
        os._exit(4)
    ends.wait()
    say(name, "stopped", round(place.table.seconds_left(99)))


def ended(number: int, end: End) -> str:
    """Say how a process has ended."""
    say("parent:", number, end, "own" if end.is_own_doing else "other")
    return ""


def main() -> int:
    """Run two processes of one role and one of the next."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    table = Table([("shard", 0), ("shard", 1), ("web", 0)])
    supervisor = Supervisor(
        [
            Role(name="shard", n=2, run=run, silent_seconds=2.0, ended=ended),
            Role(name="web", n=1, run=run, silent_seconds=2.0, ended=ended),
        ],
        table,
        stop_seconds=float(sys.argv[2]),
        when_ready=lambda: say("ready"),
    )
    code = supervisor.run()
    say("states", *(f"{state.role}-{state.number}:{state.n_restarts}" for state in table.states()))
    return code


if __name__ == "__main__":
    sys.exit(main())
