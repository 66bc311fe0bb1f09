"""The list: which names a pickle may have, each of them by its module and its name, to the letter.

River's are in a file that a script writes from the River that is installed. The others are written here.
"""

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("river_names.txt")
Name = tuple[str, str]

#: Names outside River that stand for values: types that River keeps, and functions that it is given.
VALUES: frozenset[Name] = frozenset(
    {("builtins", name) for name in ("bool", "dict", "float", "int", "list", "set", "str", "tuple")}
    | {("collections", name) for name in ("Counter", "OrderedDict", "defaultdict", "deque")}
    | {("math", name) for name in ("exp", "expm1", "log", "log1p", "sqrt")}
    | {("statistics", name) for name in ("NormalDist", "mean", "median")}
    | {("copy", "deepcopy"), ("datetime", "timedelta"), ("numpy", "array"), ("numpy", "ones")}
    | {
        ("numpy", "ndarray"),
        ("numpy.random._mt19937", "MT19937"),
        ("numpy.random.bit_generator", "SeedSequence"),
    }
)
#: How methods are pickled in a process that has imported twisted, as a server has.
TWISTED_METHOD: Name = ("twisted.persisted.styles", "unpickleMethod")
#: Names outside River that are called; `calls` has a rule for each.
CALLED: frozenset[Name] = frozenset(
    {("builtins", name) for name in ("bytes", "dict", "frozenset", "getattr", "iter", "set")}
    | {("collections", name) for name in ("Counter", "OrderedDict", "defaultdict", "deque")}
    | {("datetime", name) for name in ("date", "datetime", "timedelta")}
    | {("_codecs", "encode"), ("functools", "partial"), ("numpy", "dtype"), ("random", "Random")}
    | {("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar")}
    | {("numpy._core.numeric", "_frombuffer"), ("numpy.random._pickle", "__bit_generator_ctor")}
    | {("numpy.random._pickle", "__randomstate_ctor")}
    | {("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"), TWISTED_METHOD}
)
#: What protocol 2 calls what has another name since.
OLD_NAMES: Mapping[Name, Name] = {
    **{("__builtin__", name): ("builtins", name) for _, name in VALUES | CALLED},
    ("__builtin__", "long"): ("builtins", "int"),
    ("__builtin__", "unicode"): ("builtins", "str"),
}


class NotAllowed(Exception):
    """A pickle that names or does what is not on the list; `what` says what."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Listed:
    """What pickles of River's objects may name.

    `classes` may be made, `functions` are values, `called` may be called. `methods` may be taken from a
    class, by its name, or from an object of it. `partials` may be given arguments: functions, and methods as
    `Class.method`.
    """

    classes: frozenset[Name]
    functions: frozenset[Name]
    called: frozenset[Name]
    methods: frozenset[tuple[str, str, str]]
    partials: frozenset[Name]

    def has(self, name: Name) -> bool:
        """Say whether a pickle may have a name, as it is now."""
        return name in self.classes or name in self.functions or name in self.called or name in VALUES


@functools.cache
def listed() -> Listed:
    """Return the list; read once."""
    lines = [line.split() for line in _FILE.read_text(encoding="ascii").splitlines() if line[:1] != "#"]

    def of(kind: str) -> frozenset[Any]:
        return frozenset(tuple(line[1:]) for line in lines if line[0] == kind)

    return Listed(
        classes=of("class"),
        functions=of("function"),
        called=of("call") | CALLED,
        methods=of("method"),
        partials=of("partial"),
    )


def found(module: str, name: str) -> tuple[Name, Any]:
    """Return the listed name, as it is now, and what has it.

    Raises `NotAllowed`: then nothing was imported.
    """
    known = OLD_NAMES.get((module, name), (module, name))
    if known == TWISTED_METHOD:
        # Done without it: see `calls`.
        return known, TWISTED_METHOD
    if listed().has(known):
        return known, _member(*known)
    owner, dot, attribute = known[1].rpartition(".")
    if dot and (known[0], owner, attribute) in listed().methods:
        return known, getattr(_member(known[0], owner), attribute)
    raise NotAllowed(f"'{module}.{name}'")


def _member(module: str, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), importlib.import_module(module))
