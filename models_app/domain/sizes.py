"""Estimates of the memory that objects take."""

import gc
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType

from models_app.domain.failing import pass_on_interrupt

# Of the program, not of a model; and through them all of the program would be reached.
_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)
_MAX_OBJECTS = 1_000_000


def estimate_size(*roots: object, max_objects: int = _MAX_OBJECTS) -> int | None:
    """Estimate the bytes of all that can be reached, each object once; None: these are too many objects.

    They are the sizes that Python reports, those that `river.base.Base._memory_usage` adds up. What a library
    keeps outside of Python's objects is not among them. The objects may change meanwhile: nothing but their
    size is asked of them, and each step sees them as they are.

    >>> estimate_size([0.5, 1.5]) == sys.getsizeof([0.5, 1.5]) + 2 * sys.getsizeof(0.5)
    True
    >>> estimate_size([0.5, 1.5], max_objects=2) is None
    True
    """
    seen: set[int] = set()
    n_bytes = 0
    found: list[object] = list(roots)
    while found:
        fresh: list[object] = []
        for item in found:
            # `isinstance` would ask the object itself what it is.
            if id(item) not in seen and not issubclass(type(item), _SHARED):
                seen.add(id(item))
                fresh.append(item)
                n_bytes += _size(item)
        if len(seen) > max_objects:
            return None
        found = gc.get_referents(*fresh)
    return n_bytes


def _size(item: object) -> int:
    try:
        return sys.getsizeof(item)
    except BaseException as error:
        # Its class says so, and may raise anything.
        pass_on_interrupt(error)
        return object.__sizeof__(item)
