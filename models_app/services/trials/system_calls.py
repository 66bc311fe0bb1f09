"""A filter of system calls (seccomp): no network, no other process, nothing that reaches around it.

Written as the kernel's own small programs. It is known for the two kinds of machines that servers are;
elsewhere there is none. What is refused raises `PermissionError`.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _EQUALS, _HAS_BITS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
# Where the filter finds what is called: its number, the kind of the machine, the first argument.
_NUMBER, _MACHINE, _FIRST = 0, 4, 16
_CLONE_THREAD = 0x10000
# Of x86-64: numbers of another set of calls for the same kernel begin here.
_OTHER_SET = 0x40000000


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls on a kind of machine.

    `refused` are, a line each, those of the network (but pairs of sockets), of memory and settings of other
    processes, of new ones, of name spaces, mounts and keys, of rings that do what a filter does not see, of
    memory that no limit counts, and of the rights of files. `own` are allowed for this process alone.
    """

    machine: int
    refused: Sequence[int]
    own: Sequence[int]
    clone: int
    clone3: int = 435


# By `platform.machine()`; in the order of the names above.
_CALLS: Mapping[str, _Calls] = {
    "x86_64": _Calls(
        machine=0xC000003E,
        refused=(
            41, 42, 43, 49, 50, 288,
            101, 129, 141, 142, 144, 203, 251, 297, 310, 311, 314, 424, 434, 438,
            57, 58, 59, 322,
            133, 155, 161, 163, 165, 166, 167, 169, 175, 179, 246, 248, 249, 250, 259, 272, 304, 308, 313,
            298, 321, 323, 425, 426, 427,
            29, 64, 68, 240, 319, 447,
            90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280, 452,
        ),
        own=(62, 200, 234, 302),
        clone=56,
    ),
    "aarch64": _Calls(
        machine=0xC00000B7,
        refused=(
            198, 200, 201, 202, 203, 242,
            30, 117, 118, 119, 122, 138, 140, 240, 270, 271, 274, 424, 434, 438,
            221, 281,
            33, 39, 40, 41, 51, 60, 89, 97, 104, 105, 142, 217, 218, 219, 224, 265, 268, 273,
            241, 280, 282, 425, 426, 427,
            180, 186, 190, 194, 279, 447,
            5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 88, 452,
        ),
        own=(129, 130, 131, 261),
        clone=220,
    ),
}  # fmt: skip


def can_filter() -> bool:
    """Say whether this system has such filters, and the calls of its machine are known."""
    if not sys.platform.startswith("linux") or platform.machine() not in _CALLS:
        return False
    # No program is no filter: a kernel that knows them says that it cannot be read.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, None, 0, 0)
    return ctypes.get_errno() == errno.EFAULT


def keep_to_itself() -> None:
    """Hold this process, for good, to what concerns it alone. Raises OSError where that cannot be."""
    program = _program(_CALLS[platform.machine()], os.getpid())
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    forgo_privileges()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "the system calls cannot be filtered")


def forgo_privileges() -> None:
    """Let no program that is started have more rights than this process: filters need that."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _program(calls: _Calls, pid: int) -> bytes:
    refuse = _step(_RETURN, _ERRNO | errno.EPERM)
    unknown = _step(_RETURN, _ERRNO | errno.ENOSYS)
    steps = [
        _step(_LOAD, _MACHINE),
        _step(_EQUALS, calls.machine, 1, 0),
        unknown,
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _OTHER_SET, 0, 1),
        unknown,
        # The C library falls back to `clone`, which can be looked at.
        _step(_EQUALS, calls.clone3, 0, 1),
        unknown,
    ]
    for number in calls.refused:
        steps += [_step(_EQUALS, number, 0, 1), refuse]
    # Threads, but no processes.
    steps += [
        _step(_EQUALS, calls.clone, 0, 4),
        _step(_LOAD, _FIRST),
        _step(_HAS_BITS, _CLONE_THREAD, 1, 0),
        refuse,
        _step(_RETURN, _ALLOW),
    ]
    for number in calls.own:
        steps += [
            _step(_EQUALS, number, 0, 5),
            _step(_LOAD, _FIRST),
            _step(_EQUALS, pid, 2, 0),
            _step(_EQUALS, 0, 1, 0),
            refuse,
            _step(_RETURN, _ALLOW),
        ]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("@HBBI", code, if_true, if_false, value)
