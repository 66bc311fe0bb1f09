"""The memory that the models of a shard may take."""

import resource
from pathlib import Path

# For threads beside the engine's: listening, beating, housekeeping and more.
_OTHER_THREADS = 16
# Of glibc, where there is no limit of a stack.
_STACK_BYTES = 2 * 1024**2


def limit_memory(n_bytes: int, *, n_threads: int) -> None:
    """Let this process have so much memory more than it has now, and the stacks of its threads; 0: any.

    It is private memory that can be written (`RLIMIT_DATA`): what is beyond is refused with `MemoryError` to
    who asks for it. Addresses (`RLIMIT_AS`) would count what is never memory: each thread's heap reserves
    64 MB of them. A process that is not told by its system what it has is not limited. Raises `OSError`.
    """
    taken = _taken_bytes()
    if not n_bytes or taken is None:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = taken + (n_threads + _OTHER_THREADS) * _stack_bytes() + n_bytes
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _taken_bytes() -> int | None:
    """Return what the limit counts of this process already."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = dict(line.split(":", 1) for line in lines)
    return int(found["VmData"].split()[0]) * 1024 if "VmData" in found else None


def _stack_bytes() -> int:
    soft = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return _STACK_BYTES if soft == resource.RLIM_INFINITY else soft
