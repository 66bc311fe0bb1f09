"""An object as a node of a graph: what it is by itself, and what it holds.

Both `comparisons` and `fingerprints` walk these nodes, to any depth and without recursion. Strings, numbers
and tuples are values: whether two places share one is no part of the state. Everything else is told by what
its own pickle would keep (`__reduce_ex__`), so that Rust's objects, random generators and slots are seen as
well. The attributes of `caches` are left out.
"""

import copyreg
import functools
import importlib
import struct
import types
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models_app.domain.caches import derived_attributes
from models_app.domain.defaults import kept_items, sort_key

#: A step on a path, as Python would write it (`.weights`, `['a']`), and where it leads.
Member = tuple[str, object]

# That of snapshots: whatever can be kept can be compared.
_PROTOCOL = 5
_LONG = 20
_NAN = struct.pack("<d", float("nan"))
_NOT_NAMESPACE = frozenset(
    "__dict__ __weakref__ __module__ __doc__ __annotations__ __abstractmethods__ _abc_impl "
    "__firstlineno__ __static_attributes__ __parameters__ __orig_bases__".split()
)
_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)


@dataclass(slots=True)
class Node:
    """One object.

    `label` is compared as a whole, `members` one by one in order, `unordered` as a set. With `is_shared`, who
    else holds the object is part of the state: what changes in one place changes in the other.
    """

    label: tuple[object, ...]
    members: list[Member]
    unordered: Iterable[object] = ()
    is_shared: bool = True


def node_of(value: object) -> Node:
    """Return what `value` is and holds. Raises what its own `__reduce_ex__` raises."""
    kind = type(value)
    describe = _DESCRIBERS.get(kind)
    if describe is not None:
        return describe(value)
    if isinstance(value, type):
        return _class(value)
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, defaultdict):
        return _defaultdict(value)
    return _reduced(value)


def float_bits(value: float) -> bytes:
    """Return a float's bits, the same for every NaN.

    >>> float_bits(0.0) == float_bits(-0.0), float_bits(float("nan")) == float_bits(-float("nan"))
    (False, True)
    """
    return struct.pack("<d", value) if value == value else _NAN  # noqa: PLR0124 # NaN alone is not itself


def name_of(kind: Any) -> str:
    """Return the full name of a class or function."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _atom(value: object) -> Node:
    return Node((type(value).__name__, value), [], is_shared=False)


def _float(value: Any) -> Node:
    return Node(("float", float_bits(value)), [], is_shared=False)


def _complex(value: Any) -> Node:
    return Node(("complex", float_bits(value.real), float_bits(value.imag)), [], is_shared=False)


def _numbered(values: Iterable[object]) -> list[Member]:
    return [(f"[{i}]", value) for i, value in enumerate(values)]


def _list(value: Any) -> Node:
    return Node(("list",), _numbered(value))


def _tuple(value: Any) -> Node:
    if len(value) > _LONG and all(type(each) is int for each in value):
        # A random generator's, for one, which has 625: at once instead of one by one.
        return Node(("tuple", value), [], is_shared=False)
    return Node(("tuple",), _numbered(value), is_shared=False)


def _dict(value: Any) -> Node:
    # The order is part of it: sums over a dictionary's values go by it, and show it in their last bit.
    return Node(("dict",), _items(value.items()))


def _items(items: Iterable[tuple[object, object]]) -> list[Member]:
    listed = list(items)
    keys = tuple(key for key, _value in listed)
    return [(".keys()", keys), *((f"[{_brief_key(key)}]", value) for key, value in listed)]


def _brief_key(key: object) -> str:
    return repr(key) if type(key) in _ATOMS else type(key).__name__


def _set(value: Any) -> Node:
    return Node((type(value).__name__,), [], unordered=value, is_shared=type(value) is set)


def _defaultdict(value: defaultdict[Any, object]) -> Node:
    # A prediction that looks at a member makes it: neither that it is there counts, nor when it came.
    items = kept_items(value)
    items.sort(key=lambda item: sort_key(item[0]))
    node = Node((name_of(type(value)),), [(".default_factory", value.default_factory), *_items(items)])
    node.members += _attributes(value, getattr(value, "__dict__", {}))
    return node


def _array(value: np.ndarray[Any, Any]) -> Node:
    label = (name_of(type(value)), str(value.dtype), str(value.shape))
    if value.dtype.hasobject:
        return Node(label, _numbered(value.ravel().tolist()))
    if value.dtype.kind in "fc":
        value = np.where(np.isnan(value), np.asarray(np.nan, value.dtype), value)
    return Node((*label, value.tobytes()), [])


def _scalar(value: Any) -> Node:
    node = _array(np.asarray(value))
    return Node((name_of(type(value)), *node.label), node.members, is_shared=False)


def _is_importable(value: Any) -> bool:
    """Say whether the name of a class or function leads back to it."""
    try:
        found: Any = importlib.import_module(value.__module__)
        for part in value.__qualname__.split("."):
            found = getattr(found, part)
    except Exception:  # whatever the module of an upload does
        return False
    return found is value


def _class(value: Any) -> Node:
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
        *_attributes(value, value.__dict__),
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
    return Node(("partial",), [*members, *_attributes(value, value.__dict__)], is_shared=False)


def _mapping_proxy(value: Any) -> Node:
    return Node(("mappingproxy",), _items(value.items()), is_shared=False)


def _reduced(value: object) -> Node:
    """Return the node of any other object, from what its pickle would keep."""
    reduced = _reduce(value)
    kind = name_of(type(value))
    if isinstance(reduced, str):
        return Node((kind, reduced), [], is_shared=False)
    padded: tuple[Any, ...] = (*reduced, None, None, None, None)
    make, arguments, state, items, pairs = padded[:5]
    members: list[Member] = []
    if make is copyreg.__newobj__:  # type: ignore[attr-defined]  # typeshed lacks it
        arguments = arguments[1:]
    else:
        members.append(("<made by>", make))
    # Of a bound method of C or Rust, for one, they are all that there is.
    is_mapping = isinstance(value, dict)
    members += [("" if is_mapping else f"<argument {i}>", each) for i, each in enumerate(arguments)]
    members += _attributes(value, state)
    members += _numbered(items or ())
    members += _items(pairs) if pairs is not None else []
    members.insert(0, ("<class>", type(value)))
    return Node((kind,), members, is_shared=not isinstance(value, _VALUES))


def _reduce(value: object) -> str | tuple[Any, ...]:
    try:
        return value.__reduce_ex__(_PROTOCOL)
    except TypeError:
        registered = copyreg.dispatch_table.get(type(value))
        if registered is None:
            raise
        return registered(value)


def _attributes(owner: object, state: Any) -> list[Member]:
    """Return what a pickle keeps of an object's attributes, its caches left out."""
    if state is None:
        return []
    halves = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    if not all(half is None or _is_of_attributes(half) for half in halves):
        return [("<state>", state)]
    kind: type[Any] = type(owner)
    left_out = derived_attributes(kind)  # type: ignore[arg-type]  # classes do have a hash
    found = {key: each for half in halves for key, each in (half or {}).items() if key not in left_out}
    # An attribute that is set later, or deleted and set again, stands elsewhere: that says nothing.
    return [(f".{key}", found[key]) for key in sorted(found)]


def _is_of_attributes(state: object) -> bool:
    return type(state) is dict and all(type(key) is str for key in state)


_ATOMS = frozenset({str, bytes, int, bool, type(None), float})
_VALUES = (np.dtype,)

_DESCRIBERS: dict[type[Any], Callable[[Any], Node]] = {
    **dict.fromkeys((str, bytes, int, bool, type(None), type(Ellipsis), type(NotImplemented)), _atom),
    float: _float,
    complex: _complex,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _set,
    types.FunctionType: _function,
    types.CodeType: _code,
    types.CellType: _cell,
    types.MethodType: _method,
    types.ModuleType: _module,
    types.MappingProxyType: _mapping_proxy,
    staticmethod: _wrapped,
    classmethod: _wrapped,
    property: _property,
    functools.partial: _partial,
    **dict.fromkeys((np.float64, np.float32, np.int64, np.int32, np.uint64, np.bool_, np.str_), _scalar),
}
