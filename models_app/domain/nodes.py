"""Nodes of the graph that a model is: see `graphs`, and what they are made from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from models_app.domain.caches import derived_attributes

#: A step on a path, as Python would write it (`.weights`, `['a']`), and where it leads.
Member = tuple[str, object]

# A key of these is named on a path as it is written, any other one by its class.
_BRIEF_KEYS = frozenset({str, bytes, int, bool, type(None), float})


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


def name_of(kind: Any) -> str:
    """Return the full name of a class or function."""
    return f"{kind.__module__}.{kind.__qualname__}"


def numbered(values: Iterable[object]) -> list[Member]:
    """Return values as members by their places."""
    return [(f"[{i}]", value) for i, value in enumerate(values)]


def items_of(items: Iterable[tuple[object, object]]) -> list[Member]:
    """Return the members of a mapping: its keys, in their order, and what each leads to."""
    listed = list(items)
    keys = tuple(key for key, _value in listed)
    return [(".keys()", keys), *((f"[{_brief_key(key)}]", value) for key, value in listed)]


def _brief_key(key: object) -> str:
    return repr(key) if type(key) in _BRIEF_KEYS else type(key).__name__


def attributes(owner: object, state: Any) -> list[Member]:
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
