"""The graph of objects that a pickle writes, walked without recursion, and where to cut it.

A pickler calls itself once for each link of a chain of objects. Cut into pieces, each of them written before
what refers to it, the graph can be written with a few calls on the stack, however deep it is.
"""

import copyreg
import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pickle import PickleBuffer
from types import BuiltinFunctionType, EllipsisType, FunctionType, NoneType, NotImplementedType
from typing import Any, TypeAlias

PROTOCOL = 5
# The pickler in C may nest some 1,000 calls, dill's six or so calls a link.
MAX_HEIGHT = 40

ATOMS = frozenset(
    {NoneType, bool, int, float, complex, str, bytes, bytearray, EllipsisType, NotImplementedType}
    | {type, BuiltinFunctionType, PickleBuffer}
)
CONTAINERS = frozenset({list, dict, set})

# What `__reduce_ex__` returns: callable, arguments, state, members, items, setter of the state.
Reduction: TypeAlias = tuple[Any, ...]
# The parts that must exist before the object, and those that it may lead to in a circle; None: it cannot.
Parts: TypeAlias = tuple[list[Any], list[Any] | None]
Opener: TypeAlias = Callable[[Any], Parts]


def reduce(value: Any) -> Reduction | None:
    """Return how `value` is to be made anew, with lists for iterators; None: by its name.

    Raises what the object's own methods raise.

    >>> from collections import deque
    >>> reduce(deque([1, 2]))
    (<class 'collections.deque'>, (), None, [1, 2])
    """
    reducer = copyreg.dispatch_table.get(type(value))
    made = value.__reduce_ex__(PROTOCOL) if reducer is None else reducer(value)
    if not isinstance(made, tuple) or not 2 <= len(made) <= 6 or not isinstance(made[1], tuple):
        # A name; or nonsense, which the pickler names.
        return None
    if len(made) == 2:
        return made
    listed = tuple(None if items is None else list(items) for items in made[3:5])
    return made[:3] + listed + made[5:]


@dataclass(frozen=True, slots=True)
class Cut:
    """One step of writing a graph: make `value`, fill what was made, or (neither) write it whole."""

    value: Any
    makes: bool = False
    fills: bool = False


@dataclass(slots=True)
class CutPlan:
    """The steps in order, how their objects are made anew (by id), and the containers to be made first."""

    cuts: list[Cut] = field(default_factory=list)
    reductions: dict[int, Reduction] = field(default_factory=dict)
    containers: list[Any] = field(default_factory=list)


class _Visit:
    """An object on the way from the root to where the walk is."""

    __slots__ = ("height", "is_loose", "is_made", "later", "rest", "value")

    def __init__(self, value: Any, parts: Parts, *, is_made: bool, is_loose: bool) -> None:
        before, later = parts
        self.value = value
        self.rest: Iterator[Any] = iter(before)
        self.later = later
        #: What comes now may lead back to it.
        self.is_made = is_made
        self.is_loose = is_loose
        self.height = 0

    def goes_on(self) -> bool:
        """Turn to the parts that it may lead to in a circle; False: it is through."""
        if self.later is None:
            return False
        self.rest, self.later, self.is_made = iter(self.later), None, True
        return True


class Walk:
    """Goes over all that can be reached from a root, depth first, as a pickler does.

    `openers` give the parts of objects of further types; these may lead back to themselves in any way, which
    is the pickler's own concern. Instances of `leaves` are not looked into.
    """

    def __init__(
        self, openers: dict[type, Opener] | None = None, leaves: Collection[type] = (FunctionType,)
    ) -> None:
        self._plan = CutPlan()
        self._path: list[_Visit] = []
        self._open: dict[int, _Visit] = {}
        self._made: set[int] = set()
        # How many links lead on from an object until one that is written on its own.
        self._heights: dict[int, int] = {}
        self._leaves = leaves
        self._loose = openers or {}
        self._openers: dict[type, Opener] = {**_OPENERS, **self._loose}

    def plan(self, root: Any) -> CutPlan:
        """Return the steps in which the graph below `root` can be written.

        Raises `RecursionError` where an object is needed for its own making.
        """
        self._enter(root)
        while self._path:
            visit = self._path[-1]
            child = self._next(visit)
            if child is not _NOTHING:
                self._enter(child)
            elif not visit.goes_on():
                self._leave(visit)
        return self._plan

    def _next(self, visit: _Visit) -> Any:
        """Return the next part that was not seen yet."""
        for child in visit.rest:
            height = self._heights.get(id(child))
            if height is None and self._is_to_enter(child):
                return child
            visit.height = max(visit.height, (height or 0) + 1)
        return _NOTHING

    def _is_to_enter(self, child: Any) -> bool:
        above = self._open.get(id(child))
        if above is None:
            return True
        if above.is_made:
            self._make(child)
        return not (above.is_made or above.is_loose) and self._comes_again(above)

    def _make(self, value: Any) -> None:
        """Have an object made before its parts, since one of them leads back to it."""
        if id(value) in self._made:
            return
        self._made.add(id(value))
        if type(value) in CONTAINERS:
            self._plan.containers.append(value)
        else:
            self._plan.cuts.append(Cut(value, makes=True))

    def _comes_again(self, above: _Visit) -> bool:
        """Say that what is not made yet is made by the way: what lies between is, and then knows it.

        Raises `RecursionError` if nothing is.
        """
        between = itertools.takewhile(lambda visit: visit is not above, reversed(self._path))
        if any(visit.is_made for visit in between):
            return True
        raise RecursionError(f"a {type(above.value).__name__} is needed for its own making")

    def _enter(self, value: Any) -> None:
        kind = type(value)
        parts = self._open_up(kind, value)
        is_loose = kind in self._loose
        is_made = not is_loose and kind in CONTAINERS
        visit = _Visit(value, parts, is_made=is_made, is_loose=is_loose)
        self._path.append(visit)
        self._open[id(value)] = visit

    def _leave(self, visit: _Visit) -> None:
        self._path.pop()
        key = id(visit.value)
        if key not in self._heights:
            is_made = key in self._made
            if is_made or visit.height >= MAX_HEIGHT:
                self._plan.cuts.append(Cut(visit.value, fills=is_made))
                visit.height = 0
            self._heights[key] = visit.height
            self._open.pop(key, None)
        if self._path:
            above = self._path[-1]
            above.height = max(above.height, self._heights[key] + 1)

    def _open_up(self, kind: type, value: Any) -> Parts:
        try:
            opener = self._openers[kind]
        except KeyError:
            is_leaf = kind in ATOMS or kind in self._leaves or issubclass(kind, type)
            opener = self._openers[kind] = _open_leaf if is_leaf else self._open_reduced
        return opener(value)

    def _open_reduced(self, value: Any) -> Parts:
        reduction = self._plan.reductions.get(id(value)) or reduce(value)
        if reduction is None:
            return [], None
        self._plan.reductions[id(value)] = reduction
        before = _worth_a_visit((reduction[0], *reduction[1]))
        return before, _parts_of_state(reduction)


_NOTHING = object()


def _worth_a_visit(values: Collection[Any]) -> list[Any]:
    return [value for value in values if type(value) not in ATOMS]


def _parts_of_state(reduction: Reduction) -> list[Any]:
    state, members, items, setter = (reduction[2:] + (None,) * 4)[:4]
    parts = list(members or ())
    parts += [part for item in items or () for part in item]
    return _worth_a_visit([*parts, state, setter])


def _open_leaf(_value: Any) -> Parts:
    return [], None


def _open_members(value: Collection[Any]) -> Parts:
    return _worth_a_visit(value), None


def _open_dict(value: dict[Any, Any]) -> Parts:
    return [part for item in value.items() for part in item if type(part) not in ATOMS], None


_OPENERS: dict[type, Opener] = {
    list: _open_members,
    tuple: _open_members,
    set: _open_members,
    frozenset: _open_members,
    dict: _open_dict,
}
