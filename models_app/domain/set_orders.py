"""Sets that walk after loading as they walked before.

In which order a set is walked depends on the hashes of its members and on its history: where two would take
the same place of its table, the first one has it. A pickle writes the members in the order of the walk, and a
set made of them in this order often walks in another one: of ten strings in nearly half of all cases. Here an
order is found in which the same members are to be added to give the same walk: for 90 to 100 % of sets of 2
to 300 strings that were added one by one, or copied from such. Classes made from `set` and `frozenset` are
treated alike where they are made, pickled and walked as these, and their attributes, in slots or not, are
plain values.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from models_app.domain.cuts import PROTOCOL, Reduction

T = TypeVar("T")
# What was written, by its id, with its number.
Memo: TypeAlias = dict[int, tuple[int, Any]]

# How CPython (3.11 to 3.13, Objects/setobject.c) looks for a place.
_LINEAR_PROBES = 9
_PERTURB_SHIFT = 5
_WORD = (1 << 64) - 1
_SMALL_TABLE = 8
_ENTRY_BYTES = 16

_PLAIN = frozenset({str, bytes, int, float, complex, bool, type(None)})
_PLAIN |= {date, datetime, time, timedelta, Decimal, Fraction, UUID}
_MAX_NESTED = 4
# For how long an order is looked for: rounds, and members in all of them.
_MIN_ROUNDS = 3
_MAX_PERMUTED = 5
_MAX_STEPS = 2_000
# How a set is made, pickled and walked.
_OWN_WAYS = ("__new__", "__init__", "__reduce_ex__", "__reduce__", "__getstate__", "__iter__")
# As a pickle writes them: a set with members, a set without, a frozenset.
_MARKS = (b"\x8f\x94", b"\x91\x94")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe of a set: `members` in this order, at once in a table for all if `is_presized`."""

    members: list[Any]
    is_presized: bool

    @property
    def source(self) -> list[Any] | dict[Any, None]:
        """Return the argument for `set` or `set.update`: for a dictionary they reserve all places at once."""
        return dict.fromkeys(self.members) if self.is_presized else self.members

    def made(self, kind: type[Any]) -> AbstractSet[Any]:
        """Return the set, of this kind."""
        result: AbstractSet[Any] = kind(self.source)
        return result

    def is_natural(self, one: AbstractSet[Any]) -> bool:
        """Say whether `one` is made so when it is pickled as it is."""
        return not self.is_presized and self.members == list(one)


def may_have_sets(data: bytes) -> bool:
    """Say whether a pickle may write a set."""
    # Those of other classes have no mark; but hardly anybody has such classes.
    return any(mark in data for mark in _MARKS) or bool(_classes())


def is_set_class(kind: type[Any]) -> bool:
    """Say whether objects of a class are sets in all but name, and what they have beside their members."""
    return any(
        issubclass(kind, base) and all(getattr(kind, name) is getattr(base, name) for name in _OWN_WAYS)
        for base in (set, frozenset)
    )


def _classes() -> set[type[Any]]:
    """Return those classes that there are in this process, but for `set` and `frozenset`."""
    found: set[type[Any]] = set()
    new = [*type.__subclasses__(set), *type.__subclasses__(frozenset)]
    while new:
        kind = new.pop()
        new += type.__subclasses__(kind)
        if is_set_class(kind):
            found.add(kind)
    return found


def _base(one: AbstractSet[Any]) -> Any:
    return set if isinstance(one, set) else frozenset


def has_plain_members(one: Iterable[Any], depth: int = 0) -> bool:
    """Say whether the hashes of all members are those of their values, in this run and the next."""
    return all(
        type(member) in _PLAIN
        or (
            type(member) in (tuple, frozenset)
            and depth < _MAX_NESTED
            and has_plain_members(member, depth + 1)
        )
        for member in one
    )


class Settlement:
    """Sets that are to be made anew in place like those that will be loaded.

    What is added later then falls into the same places, here and there. One for which no order is found walks
    in another from then on.
    """

    def __init__(self) -> None:
        self._sources: list[tuple[set[Any], list[Any] | dict[Any, None]]] = []

    def add(self, one: set[Any], recipe: Recipe) -> None:
        """Have a set made by a recipe."""
        self._sources.append((one, recipe.source))

    def make(self) -> None:
        """Make them; not before what was written is kept, or there would be two models."""
        for one, source in self._sources:
            set.clear(one)
            set.update(one, source)
        self._sources.clear()


def substitutes(memo: Memo, *, settlement: Settlement | None = None) -> list[tuple[Any, Reduction]]:
    """Return the sets in a pickler's `memo` that would walk in another order, and how to make them instead.

    `settlement` takes the sets that are to be made so here, too.
    """
    kinds = {set, frozenset} | _classes()
    sets: list[Any] = [one for _, one in memo.values() if type(one) in kinds]
    # What else they have may lead back to them, which are made before.
    sets = [one for one in sets if has_plain_members(_attributes(one))]
    # Of one member or none there is one order only, of one that does not change for good.
    sets = [one for one in sets if (len(one) > 1 or isinstance(one, set)) and has_plain_members(one)]
    # Those that can be members first.
    sets.sort(key=lambda one: isinstance(one, set))
    changed = []
    for one in sets:
        natural = list(one)
        recipe = find_recipe(one)
        if settlement is not None and isinstance(one, set):
            recipe = recipe or Recipe(natural, is_presized=False)
            settlement.add(one, recipe)
        if recipe is not None and not recipe.is_natural(one):
            changed.append((one, (type(one), (recipe.source,), _state(one))))
    return changed


def _state(one: AbstractSet[Any]) -> Any:
    """Return what a set of another class has beside its members, as its pickle writes it; None: nothing."""
    return None if type(one) in (set, frozenset) else one.__reduce_ex__(PROTOCOL)[2]


def _attributes(one: AbstractSet[Any]) -> Iterator[Any]:
    """Yield the values of a set's attributes, those in slots included."""
    state = _state(one)
    # With slots it is a pair: of a dictionary or None, and what the slots hold.
    for part in state if isinstance(state, tuple) else (state,):
        yield from part.values() if isinstance(part, dict) else () if part is None else (part,)


def find_recipe(one: AbstractSet[Any]) -> Recipe | None:
    """Return how to make a set that walks as `one` and has as large a table; None: it was not found.

    >>> walk = list({8, 0, 16})
    >>> list(set(find_recipe({8, 0, 16}).source)) == walk
    True
    """
    walk, kind, n_places = list(one), _base(one), _n_places(one)
    for is_presized in (False, True):
        natural = Recipe(walk, is_presized)
        if _n_places(natural.made(kind)) != n_places:
            continue
        for order in _orders(walk, n_places):
            recipe = Recipe(order, is_presized)
            if list(recipe.made(kind)) == walk:
                return recipe
    return None


def _orders(walk: list[T], n_places: int) -> Iterator[list[T]]:
    yield walk
    yield _insertion_order(walk, n_places)
    if len(walk) <= _MAX_PERMUTED:
        yield from map(list, permutations(walk))


def _n_places(one: AbstractSet[Any]) -> int:
    extra = _base(one).__sizeof__(one) - type(one).__basicsize__
    return extra // _ENTRY_BYTES or _SMALL_TABLE


class _Table:
    """A set's table, with room kept for those who come between in the walk."""

    def __init__(self, n_members: int, n_places: int) -> None:
        self._mask = n_places - 1
        self._taken: set[int] = set()
        # By place in the walk, with both ends: who is in the table, and where.
        self._numbers = [-1, n_members]
        self._places = [-1, n_places]

    def try_to_place(self, number: int, hashed: int) -> bool | None:
        """Place the member that is `number` in the walk, if it fits there; None: it does not yet.

        Say whether it got its first choice.
        """
        place = next(place for place in self._choices(hashed) if place not in self._taken)
        at = bisect_left(self._numbers, number)
        if place - self._places[at - 1] < number - self._numbers[at - 1]:
            return None
        if self._places[at] - place < self._numbers[at] - number:
            return None
        self._taken.add(place)
        self._numbers.insert(at, number)
        self._places.insert(at, place)
        return place == hashed & self._mask

    def _choices(self, hashed: int) -> Iterator[int]:
        place, perturb = hashed & self._mask, hashed
        while True:
            n_probes = _LINEAR_PROBES if place + _LINEAR_PROBES <= self._mask else 0
            yield from range(place, place + n_probes + 1)
            perturb >>= _PERTURB_SHIFT
            place = (place * 5 + 1 + perturb) & self._mask


def _insertion_order(walk: list[T], n_places: int) -> list[T]:
    """Return an order of insertion that puts members at increasing places, as far as one is found.

    Members are placed as soon as they fit. Where some are left that fit nowhere, it is begun anew, with these
    first.
    """
    hashes = [hash(member) & _WORD for member in walk]
    numbers = list(range(len(walk)))
    for _ in range(max(_MIN_ROUNDS, _MAX_STEPS // len(walk))):
        order, left = _placed(numbers, hashes, n_places)
        if not left:
            return [walk[number] for number in order]
        is_left = set(left)
        numbers = left + [number for number in numbers if number not in is_left]
    return walk


def _placed(numbers: list[int], hashes: list[int], n_places: int) -> tuple[list[int], list[int]]:
    """Return who was placed, in order, and who was not."""
    table = _Table(len(hashes), n_places)
    at_home: list[int] = []
    displaced: list[int] = []
    while numbers:
        left = []
        for number in numbers:
            has_first_choice = table.try_to_place(number, hashes[number])
            if has_first_choice is None:
                left.append(number)
            else:
                (at_home if has_first_choice else displaced).append(number)
        if len(left) == len(numbers):
            break
        numbers = left
    # Those at their first choice may as well come first, in any order, also into a table that is yet to grow.
    return at_home + displaced, numbers
