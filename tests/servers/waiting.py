"""Waiting for what happens in the background."""

import time
from collections.abc import Callable

LIMIT_SECONDS = 30


def wait_until(holds: Callable[[], bool], seconds: float = LIMIT_SECONDS) -> None:
    """Return once a condition holds; fails if it never does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)
