"""Which core does what: the servers have one, the load generator another, where there are two."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]
CLIENT_CORE = _CORES[-1]


def pin_client() -> None:
    """Keep this process on its core."""
    os.sched_setaffinity(0, {CLIENT_CORE})


@contextmanager
def for_servers() -> Iterator[None]:
    """Let processes that are started in the block inherit the servers' core."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def described() -> str:
    """Say how it is."""
    if SERVER_CORE == CLIENT_CORE:
        return "servers and load generator share one core"
    return "servers on one core, load generator on another"
