"""Functions, classes and their parts as nodes of a graph: see `graphs`.

What can be imported under its own name is that name. Any other one, as of a script, is its code and what
the code uses.
"""

import functools
import importlib
import types
from collections.abc import Callable
from typing import Any

from models_app.domain.nodes import Member, Node, attributes, name_of

_NOT_NAMESPACE = frozenset(
    "__dict__ __weakref__ __module__ __doc__ __annotations__ __abstractmethods__ _abc_impl "
    "__firstlineno__ __static_attributes__ __parameters__ __orig_bases__".split()
)
_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def _is_importable(value: Any) -> bool:
    """Say whether the name of a class or function leads back to it."""
    try:
        found: Any = importlib.import_module(value.__module__)
        for part in value.__qualname__.split("."):
            found = getattr(found, part)
    except Exception:  # whatever the module of an upload does
        return False
    return found is value


def class_node(value: Any) -> Node:
    """Return the node of a class."""
    name = name_of(value)
    if value.__module__ != "__main__" and _is_importable(value):
        return Node(("class", name), [], is_shared=False)
    namespace = (
        (key, each)
        for key, each in sorted(vars(value).items())
        if key not in _NOT_NAMESPACE and not isinstance(each, _DESCRIPTORS)
    )
    return Node(("class", name), [(".__bases__", value.__bases__), *((f".{k}", v) for k, v in namespace)])


def _function(value: Any) -> Node:
    name = name_of(value)
    if value.__module__ != "__main__" and _is_importable(value):
        return Node(("function", name), [], is_shared=False)
    used = {each: value.__globals__[each] for each in _names(value.__code__) if each in value.__globals__}
    members: list[Member] = [
        (".__code__", value.__code__),
        (".__defaults__", value.__defaults__),
        (".__kwdefaults__", value.__kwdefaults__),
        *((f".__closure__[{i}]", cell) for i, cell in enumerate(value.__closure__ or ())),
        *((f".__globals__[{each!r}]", found) for each, found in sorted(used.items())),
        *attributes(value, value.__dict__),
    ]
    return Node(("function", name), members)


def _names(code: types.CodeType) -> set[str]:
    """Return the names that a function's code, and the code within it, looks up."""
    names: set[str] = set()
    waiting = [code]
    while waiting:
        each = waiting.pop()
        names.update(each.co_names)
        waiting += [constant for constant in each.co_consts if isinstance(constant, types.CodeType)]
    return names


def _code(value: Any) -> Node:
    label = ("code", value.co_code, value.co_names, value.co_varnames, value.co_freevars, value.co_flags)
    return Node(label, [(".co_consts", value.co_consts)], is_shared=False)


def _cell(value: Any) -> Node:
    try:
        return Node(("cell",), [(".cell_contents", value.cell_contents)])
    except ValueError:
        return Node(("cell", "empty"), [])


def _method(value: Any) -> Node:
    members = [(".__func__", value.__func__), (".__self__", value.__self__)]
    return Node(("method",), members, is_shared=False)


def _wrapped(value: Any) -> Node:
    return Node((type(value).__name__,), [(".__func__", value.__func__)], is_shared=False)


def _property(value: Any) -> Node:
    members = [(".fget", value.fget), (".fset", value.fset), (".fdel", value.fdel)]
    return Node(("property",), members, is_shared=False)


def _module(value: Any) -> Node:
    return Node(("module", value.__name__), [], is_shared=False)


def _partial(value: Any) -> Node:
    members = [(".func", value.func), (".args", value.args), (".keywords", value.keywords)]
    return Node(("partial",), [*members, *attributes(value, value.__dict__)], is_shared=False)


#: By kind: how its node is made.
DESCRIBERS: dict[type[Any], Callable[[Any], Node]] = {
    types.FunctionType: _function,
    types.CodeType: _code,
    types.CellType: _cell,
    types.MethodType: _method,
    types.ModuleType: _module,
    staticmethod: _wrapped,
    classmethod: _wrapped,
    property: _property,
    functools.partial: _partial,
}
