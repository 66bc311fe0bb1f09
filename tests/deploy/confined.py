"""Run a program as a unit of systemd does, as far as it goes without systemd; `unshare --mount` starts it.

Arguments: what is asked for, as JSON, and the program. The mounts that are asked for are in `/srv`.
"""

import ctypes
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

USER = 65534
_DROP_FROM_BOUNDS, _NO_NEW_PRIVS = 24, 38
_ERRNO = 0x00050000
_MOUNTS = Path("/srv")


def main() -> None:
    asked: dict[str, Any] = json.loads(sys.argv[1])
    _mount(asked["mounts"], writable=asked["writable"])
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    # It takes the other capabilities, too.
    os.setresuid(USER, USER, USER)
    os.umask(asked["umask"])
    assert libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    os.chdir(_MOUNTS / "project")
    _filter(asked["calls"])
    os.execve(sys.argv[2], sys.argv[2:], asked["environment"])


def _mount(mounts: dict[str, str], *, writable: list[str]) -> None:
    _run("mount", "-t", "tmpfs", "tmpfs", str(_MOUNTS))
    for name, source in mounts.items():
        (_MOUNTS / name).mkdir()
        _run("mount", "--bind", source, str(_MOUNTS / name))
        if name in writable:
            os.chown(_MOUNTS / name, USER, USER)
            for path in (_MOUNTS / name).rglob("*"):
                os.lchown(path, USER, USER)
    kept = {str(_MOUNTS / name) for name in writable}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4]
        # Devices as with PrivateDevices: not for files, but what is written to them goes somewhere.
        if point not in kept and not point.startswith(("/dev", "/proc", "/sys")):
            _run("mount", "-o", "remount,bind,ro", point)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _filter(calls: list[str]) -> None:
    """Allow these system calls, by libseccomp; others are not permitted."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(_ERRNO | errno.EPERM))
    allow = 0x7FFF0000
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        # Other machines have others.
        if number >= 0:
            assert library.seccomp_rule_add(context, allow, number, 0) == 0, name
    assert library.seccomp_load(context) == 0


if __name__ == "__main__":
    main()
