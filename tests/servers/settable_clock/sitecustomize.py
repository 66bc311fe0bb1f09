"""Lets the clock of a process with this folder in `PYTHONPATH` be set: ahead by what `CLOCK_AHEAD` has.

That is a file with a number of seconds.
Only the time of day is: like on a machine whose clock is set, `time.monotonic` goes on as ever.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from django.utils import timezone

_FILE = Path(os.environ["CLOCK_AHEAD"])
_true_time = time.time


def _ahead() -> float:
    return float(_FILE.read_text())


def _time() -> float:
    return _true_time() + _ahead()


def _time_ns() -> int:
    return int(_time() * 1e9)


def _now() -> datetime:
    return datetime.fromtimestamp(_time(), UTC)


time.time = _time
time.time_ns = _time_ns
timezone.now = _now
