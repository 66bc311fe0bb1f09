"""Comparing two objects by all that they hold, and finding where they first differ."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models_app.domain.fingerprints import fingerprint
from models_app.domain.generators import GENERATORS, unseeded_generators
from models_app.domain.graphs import node_of
from models_app.domain.nodes import Node

_MAX_STEPS = 12
_MAX_REPR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The outcome of comparing two objects.

    `difference` says where they first differ, and how; None where they are equal. With `has_unseeded`, random
    generators differ that an object has made although its own `seed` is None: they begin with the operating
    system's noise, so that no two runs have the same.
    """

    difference: str | None
    has_unseeded: bool

    @property
    def is_equal(self) -> bool:
        """Say whether nothing differs, but for generators without a seed."""
        return self.difference is None


def compare(one: object, other: object, *, name: str = "model") -> Comparison:
    """Compare two objects that share nothing; `name` is what the path to a difference begins with.

    >>> compare({"a": [1, 2.0]}, {"a": [1, 2.5]}).difference
    "model['a'][1] is 2.0 instead of 2.5"
    >>> compare({"a": {1, 2}}, {"a": {2, 1}}).is_equal
    True
    """
    return _Walk().compare(one, other, name)


#: The steps that lead to a pair: the last one, and those before it.
_Path = tuple[str, "_Path | None"]
#: A step, and where it leads on either side.
_Pair = tuple[str, object, object]


@dataclass(slots=True)
class _Walk:
    """One comparison, in lock-step and depth first."""

    # By id, the counterpart of what was met on either side. `_kept` keeps the ids from being given again.
    _of_one: dict[int, int] = field(default_factory=dict)
    _of_other: dict[int, int] = field(default_factory=dict)
    _met: set[tuple[int, int]] = field(default_factory=set)
    _kept: list[object] = field(default_factory=list)
    _unseeded: set[int] = field(default_factory=set)
    _generators: list[tuple[object, object, _Path, str]] = field(default_factory=list)

    def compare(self, one: object, other: object, name: str) -> Comparison:
        difference = self._first_difference(one, other, (name, None))
        has_unseeded = False
        for left, right, path, how in self._generators:
            if {id(left), id(right)} <= self._unseeded:
                has_unseeded = True
            elif difference is None:
                difference = f"{_written(path)} {how}"
        return Comparison(difference=difference, has_unseeded=has_unseeded)

    def _first_difference(self, one: object, other: object, path: _Path) -> str | None:
        waiting: list[tuple[object, object, _Path]] = [(one, other, path)]
        while waiting:
            left, right, path = waiting.pop()
            if (left is right and type(left) in _UNCHANGING) or (id(left), id(right)) in self._met:
                continue
            how, members = self._compare_pair(left, right)
            if how is None:
                # The first member is looked at first.
                waiting += [(a, b, (step, path)) for step, a, b in reversed(members)]
            elif isinstance(left, GENERATORS) and type(left) is type(right):
                self._generators.append((left, right, path, how))
            else:
                return f"{_written(path)} {how}"
        return None

    def _compare_pair(self, left: object, right: object) -> tuple[str | None, list[_Pair]]:
        """Return how two objects differ by themselves, and the members to compare."""
        if type(left) is type(right) and type(left) in _COMPARABLE:
            return (None if left == right else _instead(left, right)), []
        of_left, of_right = node_of(left), node_of(right)
        how = _by_themselves(left, right, of_left, of_right)
        if how is None and of_left.is_shared:
            how = self._by_sharing(left, right)
        if how is not None:
            return how, []
        self._met.add((id(left), id(right)))
        self._kept += (left, right, of_left, of_right)
        self._unseeded |= unseeded_generators(left) | unseeded_generators(right)
        if isinstance(left, GENERATORS):
            same = fingerprint(left) == fingerprint(right)
            return (None if same else "has drawn other numbers"), []
        pairs = zip(of_left.members, of_right.members, strict=True)
        return None, [(step, a, b) for (step, a), (_, b) in pairs]

    def _by_sharing(self, left: object, right: object) -> str | None:
        known_left = self._of_one.setdefault(id(left), id(right))
        known_right = self._of_other.setdefault(id(right), id(left))
        if known_left == id(right) and known_right == id(left):
            return None
        return f"({type(left).__name__}) is one object in two places on one side, and two on the other"


def _by_themselves(left: object, right: object, of_left: Node, of_right: Node) -> str | None:
    if of_left.label != of_right.label:
        return _instead(left, right)
    steps = [step for step, _ in of_left.members]
    others = [step for step, _ in of_right.members]
    if steps != others:
        return _by_members(steps, others)
    if _digests(of_left.unordered) != _digests(of_right.unordered):
        return f"({type(left).__name__}) has other members: {_brief(left)} instead of {_brief(right)}"
    return None


def _by_members(steps: list[str], others: list[str]) -> str:
    only = [step for step in steps if step not in set(others)]
    lacks = [step for step in others if step not in set(steps)]
    if only:
        return f"has {only[0]}, which the other lacks"
    if lacks:
        return f"lacks {lacks[0]}, which the other has"
    return f"has its {len(steps)} members in another order"


def _digests(members: Iterable[object]) -> list[str]:
    return sorted(fingerprint(member, unseeded=False) for member in members)


def _instead(left: object, right: object) -> str:
    found, wanted = _brief(left), _brief(right)
    if found == wanted:
        return f"({found}) differs"
    return f"is {found} instead of {wanted}"


def _brief(value: object) -> str:
    """Return a value of Python's own as its `repr`, shortened, of others the class."""
    is_flat_set = isinstance(value, (set, frozenset)) and all(type(each) in _UNCHANGING for each in value)
    if is_flat_set or type(value) in _UNCHANGING or isinstance(value, (complex, np.generic)):
        text = repr(value)
        return text if len(text) <= _MAX_REPR else f"{text[:_MAX_REPR]}..."
    return f"a {type(value).__name__}"


def _written(path: _Path) -> str:
    """Return a path as Python would write it, the middle of a long one left out."""
    steps: list[str] = []
    rest: _Path | None = path
    while rest is not None:
        step, rest = rest
        steps.append(step)
    steps.reverse()
    if len(steps) > 2 * _MAX_STEPS:
        n = len(steps) - 2 * _MAX_STEPS
        steps[_MAX_STEPS:-_MAX_STEPS] = [f"...({n:,} steps)..."]
    return "".join(steps)


#: Types whose values are the state, and whose `==` compares all of it.
_COMPARABLE: frozenset[type[Any]] = frozenset({str, bytes, int, bool, type(None)})
_UNCHANGING = _COMPARABLE | {float}
