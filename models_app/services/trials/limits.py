"""Limits of the resources that a trial may use."""

import ctypes
import math
import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MAX_FILE_BYTES = 4 * 1024**2
# Open at a time.
_MAX_FILES = 64
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of the clock and, about as many, of the processor; `memory_bytes` beside what River takes."""

    seconds: float
    memory_bytes: int

    def apply(self) -> None:
        """Hold this process to the limits for good; what a system does not know is left out."""
        _end_with_parent()
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_FSIZE, _MAX_FILE_BYTES)
        _limit(resource.RLIMIT_NOFILE, _MAX_FILES)
        _limit(resource.RLIMIT_CPU, math.ceil(self.seconds) + 1)
        _limit(resource.RLIMIT_AS, _address_space() + self.memory_bytes)
        with suppress(OSError):
            # Where memory is short all the same, this one is to go, not the server.
            Path("/proc/self/oom_score_adj").write_text("1000")


def write_nothing() -> None:
    """Let no file be written to from now on: what a model notes of its learns is not for made-up ones."""
    _limit(resource.RLIMIT_FSIZE, 0)


def _limit(what: int, value: int) -> None:
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


def _address_space() -> int:
    """Return how many bytes of addresses the process has already."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1024**3
    return pages * resource.getpagesize()


def _end_with_parent() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)
