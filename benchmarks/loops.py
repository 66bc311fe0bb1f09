"""The process of the bare River loop, on the servers' core."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Self

from benchmarks import affinity
from benchmarks.calls import CallError
from benchmarks.workloads import Workload


class RiverLoop:
    """`river_loop.py`, asked over a pipe."""

    name = "river"
    title = "bare River loop"

    def __init__(self, work: Path) -> None:
        self._work = work
        with affinity.for_servers():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.river_loop"],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def rate(self, loop: str, workload: Workload, n: int) -> float:
        """Return the records a second of one loop; raises `CallError` if the process has ended."""
        model = self._work / f"{workload.name}.pickle"
        model.write_bytes(workload.model)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([loop, str(model), n]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise CallError("the bare River loop has ended")
        return n / float(answer)
