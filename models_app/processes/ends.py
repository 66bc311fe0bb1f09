"""How a process ended, in words."""

import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a process ended: `code` is its exit code, below 0 the signal that killed it.

    `was_silent`: it gave no sign of life and was killed for that; `was_short_of_memory`: the kernel killed
    processes meanwhile because there was no memory left.
    """

    code: int
    was_silent: bool = False
    was_short_of_memory: bool = False

    @property
    def is_own_doing(self) -> bool:
        """Say whether what ran in the process ended it, and not somebody who killed it from outside.

        >>> End(code=-signal.SIGSEGV).is_own_doing, End(code=3).is_own_doing
        (True, True)
        >>> End(code=-signal.SIGKILL).is_own_doing, End(code=-signal.SIGTERM).is_own_doing
        (False, False)
        >>> End(code=-signal.SIGKILL, was_short_of_memory=True).is_own_doing
        True
        """
        if self.was_silent:
            return True
        if self.code == -signal.SIGKILL:
            return self.was_short_of_memory
        return self.code not in (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, -signal.SIGQUIT)

    def __str__(self) -> str:
        """Say it.

        >>> str(End(code=3)), str(End(code=-11)), str(End(code=-6, was_silent=True))
        ('ended with exit code 3', 'was killed by SIGSEGV', 'gave no sign of life and was killed by SIGABRT')
        >>> str(End(code=-9, was_short_of_memory=True))
        'was killed by SIGKILL, as memory had run out'
        """
        if self.code >= 0:
            return f"ended with exit code {self.code}"
        silent = "gave no sign of life and " if self.was_silent else ""
        short = ", as memory had run out" if self.was_short_of_memory and self.code == -signal.SIGKILL else ""
        return f"{silent}was killed by {_signal_name(-self.code)}{short}"


def n_killed_for_memory() -> int:
    """Return how many processes of this machine the kernel has killed for want of memory; 0 if unknown."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    counts = dict(line.split(maxsplit=1) for line in lines)
    return int(counts.get("oom_kill", 0))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
