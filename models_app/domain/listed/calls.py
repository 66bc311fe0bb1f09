"""What a pickle of River's objects may call, and with what: a rule for each callable that is not River's."""

import functools
from collections.abc import Callable
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import numpy as np

from models_app.domain.listed.names import TWISTED_METHOD, Name, NotAllowed, listed

#: Types of arrays: booleans, integers, floats, short texts, objects.
_PLAIN_TYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_MAX_TEXT = 10_000
Arguments = tuple[Any, ...]


def called(name: Name, function: Any, arguments: Arguments) -> Any:
    """Return what a listed callable returns; raises `NotAllowed`, and what it raises itself."""
    if name not in listed().called:
        raise NotAllowed(f"to call '{'.'.join(name)}'")
    if name[0].startswith("river."):
        return function(*arguments)
    rule = _RULES[name]
    if not rule(*arguments):
        raise NotAllowed(f"to call '{'.'.join(name)}' with such arguments")
    return _FUNCTIONS.get(name, function)(*arguments)


def _are(*kinds: type | tuple[type, ...]) -> Callable[..., bool]:
    """Return a rule that takes so many arguments, of exactly these types."""
    wanted = [kind if isinstance(kind, tuple) else (kind,) for kind in kinds]

    def rule(*arguments: Any) -> bool:
        pairs = zip(arguments, wanted, strict=False)
        return len(arguments) == len(wanted) and all(type(one) in kinds for one, kinds in pairs)

    return rule


def _any_of(*rules: Callable[..., bool]) -> Callable[..., bool]:
    return lambda *arguments: any(rule(*arguments) for rule in rules)


def name_of(function: Any) -> Name:
    """Return the name of a function, a method as `Class.method`, an object as its class."""
    if isinstance(function, MethodType | BuiltinMethodType) and not _is_in_module(function):
        owner = function.__self__
        kind = owner if isinstance(owner, type) else type(owner)
        return kind.__module__, f"{kind.__qualname__}.{function.__name__}"
    named = (
        function if isinstance(function, type | FunctionType) or _is_in_module(function) else type(function)
    )
    return str(named.__module__), str(getattr(named, "__qualname__", ""))


def _is_in_module(function: Any) -> bool:
    if type(function).__name__ in ("builtin_function_or_method", "_ArrayFunctionDispatcher"):
        return isinstance(getattr(function, "__module__", None), str)
    return False


def may_be_partial(function: Any) -> bool:
    """Say whether `functools.partial` may have this function: one of River's classes, or one on the list."""
    name = name_of(function)
    return name in listed().classes or name in listed().partials


def _taken(*arguments: Any) -> bool:
    if len(arguments) != 2 or type(arguments[1]) is not str:
        return False
    owner, attribute = arguments
    kind = owner if isinstance(owner, type) else type(owner)
    module, name = kind.__module__, kind.__qualname__
    if (module, name, attribute) in listed().methods or (module, f"{name}.{attribute}") in listed().classes:
        return True
    raise NotAllowed(f"to take '{attribute}' of '{module}.{name}'")


def _taken_by_twisted(*arguments: Any) -> bool:
    if len(arguments) != 3:
        return False
    attribute, owner, kind = arguments
    return type(owner) is kind and not isinstance(owner, type) and _taken(owner, attribute)


def _is_factory(factory: Any) -> bool:
    """Say whether a `defaultdict` may make its values with this."""
    if isinstance(factory, functools.partial | type(None) | type | MethodType):
        return True
    module, name = name_of(factory)
    owner, _, attribute = name.rpartition(".")
    known = listed()
    return known.has((module, name)) or (module, owner, attribute) in known.methods


def _default(*arguments: Any) -> bool:
    return len(arguments) <= 1 and all(_is_factory(one) for one in arguments)


def _queue(*arguments: Any) -> bool:
    empty = arguments[:1] in ((), ([],), ((),))
    return empty and len(arguments) <= 2 and all(type(one) in (int, type(None)) for one in arguments[1:])


def _dtype(*arguments: Any) -> bool:
    if len(arguments) != 3 or type(arguments[0]) is not str or arguments[1:] not in ((False, True), (0, 1)):
        return False
    kind = arguments[0]
    return kind in _PLAIN_TYPES or kind == "O8" or (kind[:1] == "U" and _is_below(kind[1:], _MAX_TEXT))


def _is_below(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most


def _array(*arguments: Any) -> bool:
    return len(arguments) == 3 and arguments[0] is np.ndarray and arguments[1:] in (((0,), b"b"), ((0,), "b"))


def _is_buffer(*arguments: Any) -> bool:
    if len(arguments) != 4:
        return False
    data, kind, shape, order = arguments
    return (
        type(data) in (bytes, bytearray)
        and isinstance(kind, np.dtype)
        and kind.kind in "biufU"
        and type(shape) is tuple
        and order in ("C", "F")
    )


def _scalar(*arguments: Any) -> bool:
    if len(arguments) != 2:
        return False
    kind, data = arguments
    return isinstance(kind, np.dtype) and kind.kind in "biufU" and type(data) is bytes


def _bit_generator(*arguments: Any) -> bool:
    return arguments == (np.random.MT19937,)


def _random_state(*arguments: Any) -> bool:
    return len(arguments) == 1 and type(arguments[0]) is np.random.MT19937


def _seed_sequence(*arguments: Any) -> bool:
    kinds = len(arguments) == 3 and type(arguments[1]) is int and arguments[2] is None
    return kinds and arguments[0] is np.random.SeedSequence


def _encode(*arguments: Any) -> bool:
    return _are(str, str)(*arguments) and arguments[1] == "latin1"


def _members(*kinds: type) -> Callable[..., bool]:
    return _any_of(_are(), _are(kinds))


_RULES: dict[Name, Callable[..., bool]] = {
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _are(),
    ("builtins", "dict"): _are(),
    ("builtins", "frozenset"): _members(list, tuple, dict),
    ("builtins", "getattr"): _taken,
    ("builtins", "iter"): _are((list, tuple)),
    ("builtins", "set"): _members(list, tuple, dict),
    ("collections", "Counter"): _members(dict),
    ("collections", "OrderedDict"): _are(),
    ("collections", "defaultdict"): _default,
    ("collections", "deque"): _queue,
    ("datetime", "date"): _are(bytes),
    ("datetime", "datetime"): _are(bytes),
    ("datetime", "timedelta"): _are(int, int, int),
    ("functools", "partial"): lambda *arguments: len(arguments) == 1 and may_be_partial(arguments[0]),
    ("numpy", "dtype"): _dtype,
    ("numpy._core.multiarray", "_reconstruct"): _array,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _is_buffer,
    ("numpy.random._pickle", "__bit_generator_ctor"): _bit_generator,
    ("numpy.random._pickle", "__randomstate_ctor"): _random_state,
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"): _seed_sequence,
    ("random", "Random"): _are(),
    TWISTED_METHOD: _taken_by_twisted,
}
# What is called in the place of what would do more.
_FUNCTIONS: dict[Name, Callable[..., Any]] = {
    ("_codecs", "encode"): lambda text, _coding: text.encode("latin1"),
    TWISTED_METHOD: lambda attribute, owner, _kind: getattr(owner, attribute),
}
