"""Which files a process may reach (Landlock): those of Python, and a folder of its own."""

import ctypes
import functools
import os
import struct
import sys
import sysconfig
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from models_app.services.trials.system_calls import forgo_privileges

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE, _MAKE_DIR, _MAKE_FILE, _TRUNCATE = 3 << 4, 1 << 7, 1 << 8, 1 << 14
_READ = _READ_FILE | _READ_DIR
_OF_A_FILE = _READ_FILE | _WRITE_FILE | _TRUNCATE
# By the version of Landlock that brought them: rights on files; TCP; signals and sockets of others.
_FILES = {1: (1 << 13) - 1, 2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}
_TCP, _SCOPES = {4: 3}, {6: 3}
#: What Python and its libraries read beside their own.
_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/random",
    "/dev/zero", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip


def version() -> int:
    """Return the version of Landlock that the kernel has; 0: none, or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _call(_CREATE, None, 0, _VERSION))


@dataclass(slots=True)
class Readable:
    """Files and folders that may be read with all beneath them, and folders whose names may be listed."""

    whole: list[Path] = field(default_factory=list)
    listed: list[Path] = field(default_factory=list)


def keep_to(readable: Readable, folder: Path) -> None:
    """Hold this process, for good, to what is readable, and to `folder`, where it may write.

    Raises OSError where that cannot be.
    """
    known = version()
    fs, net, scope = (_rights(rights, known) for rights in (_FILES, _TCP, _SCOPES))
    # As much of it as the kernel knows.
    attributes = struct.pack("@QQQ", fs, net, scope)[: 8 if known < 4 else 16 if known < 6 else 24]
    rules = _checked(_call(_CREATE, attributes, len(attributes), 0))
    try:
        for path in (*readable.whole, *map(Path, _SYSTEM)):
            _add(rules, path, _READ, fs)
        for path in readable.listed:
            _add(rules, path, _READ_DIR, fs)
        _add(rules, Path(os.devnull), _READ_FILE | _WRITE_FILE, fs)
        _add(rules, folder, _READ | _WRITE_FILE | _REMOVE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE, fs)
        forgo_privileges()
        _checked(_call(_RESTRICT, rules, 0))
    finally:
        os.close(rules)


def of_python(hidden: Sequence[Path]) -> Readable:
    """Return where Python and what it imports lie.

    What is `hidden` is left out, and so are, in folders of modules, names that begin with a dot.
    """
    found = Readable()
    veiled = {path.resolve() for path in hidden}
    for home in (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()):
        _open(Path(home).resolve(), veiled, found)
    for entry in sys.path:
        _open(Path(entry or ".").resolve(), veiled, found, is_entry=True)
    return found


def _open(path: Path, hidden: Collection[Path], found: Readable, *, is_entry: bool = False) -> None:
    """Add the path, or what is beneath it where something of that is hidden."""
    above = {path, *path.parents}
    if above & set(hidden) or above & set(found.whole):
        return
    if not path.is_dir() or not (is_entry or any(path in one.parents for one in hidden)):
        found.whole.append(path)
        return
    found.listed.append(path)
    with suppress(OSError):
        for member in path.iterdir():
            if not member.name.startswith("."):
                _open(member, hidden, found)


def _rights(rights: dict[int, int], known: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= known)


def _add(rules: int, path: Path, rights: int, known: int) -> None:
    # What is not there cannot be reached either.
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        found = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            allowed = rights & known & (-1 if path.is_dir() else _OF_A_FILE)
            _checked(_call(_ADD, rules, _BENEATH, struct.pack("=Qi", allowed, found), 0))
        finally:
            os.close(found)


def _call(number: int, *arguments: bytes | int | None) -> int:
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(_libc().syscall(ctypes.c_long(number), *words))


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "the files cannot be kept away")
    return result
