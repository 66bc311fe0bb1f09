"""Sets that walk after loading as they walked before."""

import pickle
import random
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain import blobs, fingerprints, purity, set_orders
from models_app.domain.picklers import dill_at_once, dill_piecewise, pickle_piecewise

MEMBERS = st.one_of(
    st.text(max_size=5),
    st.integers(),
    st.integers(0, 100).map(lambda number: 8 * number),
    st.floats(allow_nan=False),
    st.booleans(),
    st.fractions(),
    st.tuples(st.text(max_size=2), st.integers(0, 64)),
    st.frozensets(st.integers(0, 64), max_size=3),
)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "add", "add", "discard", "copy"]), MEMBERS), max_size=60)


def _made(steps: list[tuple[str, Any]]) -> set[Any]:
    one: set[Any] = set()
    for step, member in steps:
        if step == "copy":
            one = set(one)
        else:
            getattr(one, step)(member)
    return one


def _strings(seed: int, n: int) -> list[str]:
    numbers = random.Random(seed)
    return [f"feature {numbers.random()}" for _ in range(n)]


def settled(value: Any) -> bytes:
    """Return the pickle of a value, whose sets are made so here, too."""
    settlement = set_orders.Settlement()
    data = blobs.dumps(value, settlement=settlement)
    settlement.make()
    return data


class TestSettledSets:
    @given(STEPS, st.lists(MEMBERS, max_size=40))
    def test_walk_as_those_that_are_loaded_and_go_on_so(
        self, steps: list[tuple[str, Any]], later: list[Any]
    ) -> None:
        one = _made(steps)
        members = set(one)

        loaded = pickle.loads(settled([one]))[0]

        assert one == loaded == members
        assert list(loaded) == list(one)
        for member in later:
            one.add(member)
            loaded.add(member)
            assert list(loaded) == list(one)

    @pytest.mark.parametrize("write", [blobs.dumps, pickle.dumps])
    def test_would_walk_otherwise_if_they_were_pickled_as_they_are(self, write: Callable[..., bytes]) -> None:
        sets = [set(_strings(seed, 10)) for seed in range(100)]

        if write is blobs.dumps:
            loaded = pickle.loads(settled(sets))
            assert [list(one) for one in loaded] == [list(one) for one in sets]
        else:
            assert [list(one) for one in pickle.loads(pickle.dumps(sets))] != [list(one) for one in sets]


class TestDumps:
    @pytest.mark.parametrize("kind", [set, frozenset])
    @pytest.mark.parametrize("n", [2, 3, 5, 8, 18, 40, 200])
    @pytest.mark.parametrize("is_copied", [False, True])
    def test_keeps_the_walks_of_nearly_all_sets_and_changes_none(
        self, kind: type[Any], n: int, is_copied: bool
    ) -> None:
        sets = [kind(_strings(seed, n)) for seed in range(100)]
        if is_copied:
            sets = [kind(set(one)) for one in sets]
        walks = [list(one) for one in sets]

        loaded = pickle.loads(blobs.dumps(sets))

        assert [list(one) for one in sets] == walks
        assert loaded == sets
        assert sum(list(one) == walk for one, walk in zip(loaded, walks, strict=True)) >= 80

    @pytest.mark.parametrize(
        "write",
        [blobs.dumps, lambda value: pickle_piecewise(value, _find), lambda v: dill_piecewise(v, _find)],
    )
    def test_keeps_what_shares_sets_and_their_members(self, write: Callable[[Any], bytes]) -> None:
        names = _strings(3, 10)
        keys = set(names)
        inner = frozenset(_strings(4, 10))
        deep: Any = [keys]
        for _ in range(3_000):
            deep = [deep, keys]
        model = {"keys": keys, "names": names, "nested": {inner, "x"}, "inner": inner, "deep": deep}

        copy = blobs.loads(write(model))

        assert list(copy["keys"]) == list(keys)
        assert list(copy["inner"]) == list(inner)
        assert copy["deep"][1] is copy["keys"] is copy["deep"][0][1]
        assert any(member is copy["inner"] for member in copy["nested"])
        assert {id(name) for name in copy["names"]} == {id(name) for name in copy["keys"]}

    def test_keeps_sets_beside_functions_that_only_dill_takes(self) -> None:
        sets = [set(_strings(seed, 5)) for seed in range(50)]

        copy = blobs.loads(blobs.dumps([lambda: sets, sets]))

        assert copy[0]() is copy[1]
        assert [list(one) for one in copy[1]] == [list(one) for one in sets]
        assert blobs.loads(dill_at_once([1], _find)) == [1]

    def test_leaves_alone_what_is_hashed_by_its_address(self) -> None:
        one: set[Any] = {set_orders.Recipe, len, (("a", (((1,),),)),), object}

        assert blobs.loads(settled(one)) == one
        assert not set_orders.has_plain_members(one)
        assert not set_orders.has_plain_members({(((((1,),),),),)})
        assert set_orders.has_plain_members({("a", frozenset([1.0])), Fraction(1, 3)})


def _find(members: Any) -> Any:
    return set_orders.substitutes(members)


class TestFindRecipe:
    def test_keeps_the_size_of_the_table_so_that_later_members_fall_as_before(self) -> None:
        grown = set(_strings(1, 5))
        copied = grown.copy()

        recipe = set_orders.find_recipe(copied)

        assert recipe is not None
        assert recipe.is_presized
        assert sys.getsizeof(recipe.made(set)) == sys.getsizeof(copied) != sys.getsizeof(grown)

    def test_finds_none_for_a_table_that_was_once_full(self) -> None:
        emptied = set(range(1000))
        for number in range(995):
            emptied.discard(number)

        assert set_orders.find_recipe(emptied) is None


class Tags(set[Any]):
    """A set of another class, with attributes."""


class Frozen(frozenset[Any]):
    """A frozenset of another class."""


class Slotted(set[Any]):
    """A set with an attribute in a slot, and no others."""

    __slots__ = ("owner",)
    owner: Any


class SlottedFrozen(frozenset[Any]):
    """A frozenset with an attribute in a slot, and no others."""

    __slots__ = ("owner",)
    owner: Any


class Both(Slotted):
    """A set with an attribute in a slot, and room for others."""


class Reversed(set[Any]):
    """Is walked as it likes."""

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(super().__iter__(), reverse=True))


def _give(one: Any, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        setattr(one, name, value)


def _attributes(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("owner",) if hasattr(one, name)}


class TestSetsOfOtherClasses:
    @pytest.mark.parametrize("write", [blobs.dumps, pickle_piecewise, dill_at_once, dill_piecewise])
    @pytest.mark.parametrize("kind", [Tags, Frozen, Slotted, SlottedFrozen, Both])
    @pytest.mark.parametrize("attributes", [{}, {"owner": "ada"}])
    def test_walk_as_before(
        self, kind: type[Any], attributes: dict[str, Any], write: Callable[..., bytes]
    ) -> None:
        finder = () if write is blobs.dumps else (set_orders.substitutes,)
        sets = [kind(_strings(seed, 12)) for seed in range(30)]
        for one in sets:
            _give(one, attributes)

        loaded = pickle.loads(write([sets, sets], *finder))

        assert [list(one) for one in loaded[0]] != [list(kind(list(one))) for one in sets]
        n_alike = sum(list(one) == list(there) for one, there in zip(sets, loaded[0], strict=True))
        # As they are: half of them.
        assert n_alike >= 22
        assert [_attributes(one) for one in loaded[0]] == [attributes] * 30
        assert {type(one) for one in loaded[0]} == {kind}
        assert all(one is same for one, same in zip(*loaded, strict=True))

    @pytest.mark.parametrize("kind", [Tags, Slotted, Both])
    @pytest.mark.parametrize("attributes", [{}, {"owner": "ada"}])
    def test_are_settled_as_they_are_loaded(self, kind: type[Any], attributes: dict[str, Any]) -> None:
        for seed in range(30):
            one = kind(_strings(seed, 12))
            _give(one, attributes)

            loaded = pickle.loads(settled([one]))[0]

            for member in ["more", *_strings(seed + 100, 30)]:
                assert list(loaded) == list(one)
                one.add(member)
                loaded.add(member)

    @pytest.mark.parametrize("seed", range(8))
    def test_are_left_alone_where_they_have_more_than_plain_values(self, seed: int) -> None:
        one, slotted = Tags(_strings(seed, 12)), Slotted(_strings(seed, 12))
        one.self = one  # type: ignore[attr-defined]
        slotted.owner = ["a"]

        loaded, loaded_slotted = pickle.loads(settled([one, slotted]))

        assert loaded.self is loaded
        assert loaded_slotted.owner == ["a"]
        assert (loaded, loaded_slotted) == (one, slotted)

    def test_are_left_alone_where_they_have_ways_of_their_own(self) -> None:
        one = Reversed("hello")

        loaded = pickle.loads(settled([one]))[0]

        assert list(loaded) == list(one) == ["o", "l", "h", "e"]

    def test_keep_attributes_in_slots_beside_others(self) -> None:
        for seed in range(30):
            one = Both(_strings(seed, 12))
            _give(one, {"owner": "ada", "since": 1815})

            loaded = pickle.loads(settled([one]))[0]

            assert list(loaded) == list(one)
            assert (loaded.owner, loaded.since) == ("ada", 1815)

    @pytest.mark.parametrize("kind", [Tags, Frozen, Slotted, SlottedFrozen, Both])
    def test_are_compared_as_sets_and_by_what_they_have_beside(self, kind: type[Any]) -> None:
        one, same, owned, larger = kind([8, 0, 16]), kind([16, 8, 0]), kind([8, 0, 16]), kind([8, 0, 16, 24])
        owned.owner = "ada"
        assert list(one) != list(same)

        assert purity.are_alike([same], blobs.dumps([one]))
        assert fingerprints.fingerprint([same]) == fingerprints.fingerprint([one])
        for other in (owned, larger, set(one), frozenset(one)):
            assert not purity.are_alike([other], blobs.dumps([one]))
            assert fingerprints.fingerprint([other]) != fingerprints.fingerprint([one])
