"""An object as a node of a graph: what it is by itself, and what it holds.

Both `comparisons` and `fingerprints` walk these nodes, to any depth and without recursion. Strings, numbers
and tuples are values: whether two places share one is no part of the state. Everything else is described by
what its own pickle would keep (`__reduce_ex__`), so that Rust's objects, random generators and slots are
seen as well. The attributes of `caches` are left out.
"""

import copyreg
import struct
import types
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from models_app.domain.defaults import kept_items, sort_key
from models_app.domain.function_nodes import DESCRIBERS, class_node
from models_app.domain.nodes import Member, Node, attributes, items_of, name_of, numbered
from models_app.domain.set_orders import is_set_class

# That of snapshots: whatever can be kept can be compared.
_PROTOCOL = 5
_LONG = 20
_NAN = struct.pack("<d", float("nan"))


def node_of(value: object) -> Node:
    """Return what `value` is and holds. Raises what its own `__reduce_ex__` raises."""
    kind = type(value)
    describe = _DESCRIBERS.get(kind)
    if describe is not None:
        return describe(value)
    if isinstance(value, type):
        return class_node(value)
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, defaultdict):
        return _defaultdict(value)
    if isinstance(value, set | frozenset) and is_set_class(kind):
        return _set_of_other_class(value)
    return _reduced(value)


def float_bits(value: float) -> bytes:
    """Return a float's bits, the same for every NaN.

    >>> float_bits(0.0) == float_bits(-0.0), float_bits(float("nan")) == float_bits(-float("nan"))
    (False, True)
    """
    return struct.pack("<d", value) if value == value else _NAN  # noqa: PLR0124 # NaN alone is not itself


def _atom(value: object) -> Node:
    return Node((type(value).__name__, value), [], is_shared=False)


def _float(value: Any) -> Node:
    return Node(("float", float_bits(value)), [], is_shared=False)


def _complex(value: Any) -> Node:
    return Node(("complex", float_bits(value.real), float_bits(value.imag)), [], is_shared=False)


def _list(value: Any) -> Node:
    return Node(("list",), numbered(value))


def _tuple(value: Any) -> Node:
    if len(value) > _LONG and all(type(each) is int for each in value):
        # A random generator's, for one, which has 625: at once instead of one by one.
        return Node(("tuple", value), [], is_shared=False)
    return Node(("tuple",), numbered(value), is_shared=False)


def _dict(value: Any) -> Node:
    # The order is part of it: sums over a dictionary's values go by it, and show it in their last bit.
    return Node(("dict",), items_of(value.items()))


def _set(value: Any) -> Node:
    return Node((type(value).__name__,), [], unordered=value, is_shared=type(value) is set)


def _set_of_other_class(value: Any) -> Node:
    members = attributes(value, value.__reduce_ex__(_PROTOCOL)[2])
    return Node((name_of(type(value)),), [("<class>", type(value)), *members], unordered=value)


def _defaultdict(value: defaultdict[Any, object]) -> Node:
    # A prediction that looks at a member makes it: neither that it is there counts, nor when it came.
    items = kept_items(value)
    items.sort(key=lambda item: sort_key(item[0]))
    node = Node((name_of(type(value)),), [(".default_factory", value.default_factory), *items_of(items)])
    node.members += attributes(value, getattr(value, "__dict__", {}))
    return node


def _array(value: np.ndarray[Any, Any]) -> Node:
    label = (name_of(type(value)), str(value.dtype), str(value.shape))
    if value.dtype.hasobject:
        return Node(label, numbered(value.ravel().tolist()))
    if value.dtype.kind in "fc":
        value = np.where(np.isnan(value), np.asarray(np.nan, value.dtype), value)
    return Node((*label, value.tobytes()), [])


def _scalar(value: Any) -> Node:
    node = _array(np.asarray(value))
    return Node((name_of(type(value)), *node.label), node.members, is_shared=False)


def _mapping_proxy(value: Any) -> Node:
    return Node(("mappingproxy",), items_of(value.items()), is_shared=False)


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
    members += attributes(value, state)
    members += numbered(items or ())
    members += items_of(pairs) if pairs is not None else []
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
    types.MappingProxyType: _mapping_proxy,
    **DESCRIBERS,
    **dict.fromkeys((np.float64, np.float32, np.int64, np.int32, np.uint64, np.bool_, np.str_), _scalar),
}
