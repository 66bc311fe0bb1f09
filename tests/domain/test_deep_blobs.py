"""Models that are deeper than a pickler can nest its calls."""

import collections
import functools
import itertools
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dill
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import datasets, rules, tree

from models_app.domain import blobs
from models_app.domain.fingerprints import fingerprint
from models_app.domain.picklers import dill_piecewise, pickle_piecewise

#: More than may be nested (`recursion.RECURSION_LIMIT`); the soak goes far beyond it.
DEPTH = 3_500
FAR, FARTHEST = 15_000, 100_000


class Link:
    """A link of a list."""

    next: Any = None
    previous: Any = None


class Slotted:
    """A link without a dictionary."""

    __slots__ = ("next",)

    def __init__(self, following: object) -> None:
        self.next = following


class Made:
    """A link that is made anew from the one after it."""

    def __init__(self, following: object) -> None:
        self.next = following

    def __reduce__(self) -> tuple[Any, ...]:
        return Made, (self.next,)


class Stated:
    """A link that writes its state in its own way."""

    def __init__(self, following: object) -> None:
        self.next = following

    def __getstate__(self) -> tuple[object]:
        return (self.next,)

    def __setstate__(self, state: tuple[object]) -> None:
        (self.next,) = state


class Keyed(dict[str, object]):
    """A dictionary with attributes."""


class Numbered(list[object]):
    """A list with attributes."""


def _set_next(link: "Late", following: object) -> None:
    link.next = following


class Late:
    """A link whose state is set by a function."""

    next: object = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Late, (), self.next, None, None, _set_next


def _linked(following: object) -> Link:
    link = Link()
    link.next = following
    return link


def _late(following: object) -> Late:
    link = Late()
    link.next = following
    return link


CHAINS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "list": (lambda rest: [rest], lambda link: link[0]),
    "tuple": (lambda rest: (rest,), lambda link: link[0]),
    "dict": (lambda rest: {"a": 1, "b": rest}, lambda link: link["b"]),
    "frozenset": (lambda rest: frozenset([rest]), lambda link: next(iter(link))),
    "object": (_linked, lambda link: link.next),
    "slots": (Slotted, lambda link: link.next),
    "arguments": (Made, lambda link: link.next),
    "state": (Stated, lambda link: link.next),
    "setter": (_late, lambda link: link.next),
    "partial": (lambda rest: functools.partial(print, rest), lambda link: link.args[0]),
    "deque": (lambda rest: collections.deque([rest]), lambda link: link[0]),
    "OrderedDict": (lambda rest: collections.OrderedDict(a=rest), lambda link: link["a"]),
    "defaultdict": (lambda rest: collections.defaultdict(int, a=rest), lambda link: link["a"]),
    "list's own kind": (lambda rest: Numbered([rest]), lambda link: link[0]),
    "dict's own kind": (lambda rest: Keyed(a=rest), lambda link: link["a"]),
    "two by two": (lambda rest: [1.0, {"x": (rest, "y")}], lambda link: link[1]["x"][0]),
}


def _chain(make: Callable[[Any], Any], depth: int) -> Any:
    link: Any = "end"
    for _ in range(depth):
        link = make(link)
    return link


def _depth(link: Any, follow: Callable[[Any], Any]) -> int:
    depth = 0
    while link != "end" if isinstance(link, str) else True:
        link, depth = follow(link), depth + 1
    return depth


def _in_thread(work: Callable[[], Any], stack_bytes: int) -> Any:
    results: list[Any] = []
    previous = threading.stack_size(stack_bytes)
    try:
        thread = threading.Thread(target=lambda: results.append(work()))
        thread.start()
    finally:
        threading.stack_size(previous)
    thread.join()
    return results[0]


class TestChains:
    @pytest.mark.parametrize("kind", CHAINS)
    def test_are_written_to_any_depth_and_read_by_pickle(self, kind: str) -> None:
        make, follow = CHAINS[kind]

        data = blobs.dumps(_chain(make, DEPTH))

        assert _depth(pickle.loads(data), follow) == DEPTH
        assert b"models_app" not in data

    @pytest.mark.parametrize("kind", CHAINS)
    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    @pytest.mark.parametrize("depth", [0, 1, 39, 40, 41, 81])
    def test_are_the_same_wherever_they_are_cut(
        self, kind: str, write: Callable[[Any], bytes], depth: int
    ) -> None:
        make, follow = CHAINS[kind]

        copy = blobs.loads(write(_chain(make, depth)))

        assert _depth(copy, follow) == depth
        assert type(copy) is type(_chain(make, depth))

    @pytest.mark.parametrize("links", [FAR, pytest.param(FARTHEST, marks=pytest.mark.soak)])
    @pytest.mark.parametrize("kind", ["list", "object", "tuple", "arguments"])
    def test_of_very_many_links_are_written_on_an_ordinary_stack(self, kind: str, links: int) -> None:
        make, follow = CHAINS[kind]

        depth = _in_thread(
            lambda: _depth(pickle.loads(blobs.dumps(_chain(make, links))), follow), stack_bytes=8 << 20
        )

        assert depth == links

    @pytest.mark.parametrize("links", [FAR, pytest.param(FARTHEST, marks=pytest.mark.soak)])
    def test_are_read_and_dropped_where_nothing_is_raised(self, tmp_path: Path, links: int) -> None:
        written = tmp_path / "chain.pickle"
        written.write_bytes(blobs.dumps(_chain(lambda rest: [{"a": (rest,)}], links)))
        client = (
            "import pickle, sys; assert sys.getrecursionlimit() == 1000; "
            f"chain = pickle.load(open({str(written)!r}, 'rb')); print(type(chain)); del chain; print('gone')"
        )

        run = subprocess.run([sys.executable, "-I", "-c", client], capture_output=True, text=True, check=True)

        assert run.stdout == "<class 'list'>\ngone\n"


class TestCircles:
    @pytest.mark.parametrize("start", [0, DEPTH // 2, DEPTH - 1])
    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    def test_of_links_that_know_both_neighbours_are_kept(
        self, start: int, write: Callable[[Any], bytes]
    ) -> None:
        links = [Link() for _ in range(DEPTH)]
        for before, after in itertools.pairwise(links):
            before.next, after.previous = after, before

        link = blobs.loads(write(links[start]))

        n_before = n_after = 0
        here = link
        while here.previous is not None:
            assert here.previous.next is here
            here, n_before = here.previous, n_before + 1
        while link.next is not None:
            assert link.next.previous is link
            link, n_after = link.next, n_after + 1
        assert (n_before, n_after) == (start, DEPTH - 1 - start)

    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    def test_through_tuples_and_containers_are_kept(self, write: Callable[[Any], bytes]) -> None:
        root: list[Any] = []
        link: Any = root
        for number in range(DEPTH):
            link = [link, (root, number), {"root": root}]
        root += [link, (link, root), {"itself": root}]

        copy = blobs.loads(write(link))

        depth = 0
        here = copy
        while here[0] is not copy:
            end = here[1][0]
            here, depth = here[0], depth + 1
        assert depth == DEPTH
        assert end is here
        assert here[1][1] is here
        assert here[2]["itself"] is here

    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    def test_of_a_tuple_that_is_its_own_member_are_kept(self, write: Callable[[Any], bytes]) -> None:
        first: list[Any] = []
        second: list[Any] = []
        knot = (first, second, _chain(CHAINS["object"][0], 200))
        first.append(knot)
        second.append(knot)

        copy = blobs.loads(write(knot))

        assert copy[0][0] is copy
        assert copy[1][0] is copy
        assert _depth(copy[2], CHAINS["object"][1]) == 200

    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    def test_of_objects_in_sets_and_among_arguments_are_kept(self, write: Callable[[Any], bytes]) -> None:
        owner = Link()
        owner.next = {owner}
        made = Made(owner)
        owner.previous = [made, collections.deque([made]), collections.defaultdict(list, a=[owner])]

        copy = blobs.loads(write(owner))

        assert copy.next == {copy}
        assert copy.previous[0].next is copy
        assert copy.previous[1][0] is copy.previous[0]
        assert copy.previous[2]["a"][0] is copy

    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    def test_that_begin_with_a_set_are_kept(self, write: Callable[[Any], bytes]) -> None:
        owners: set[Any] = {"other"}
        owner = _linked(owners)
        owners.add(owner)

        copy = blobs.loads(write(owners))

        (member,) = copy - {"other"}
        assert member.next is copy
        assert len(copy) == 2

    def test_of_what_is_needed_for_its_own_making_are_refused_as_pickle_refuses_them(self) -> None:
        made = Made(None)
        made.next = (made,)

        with pytest.raises(RecursionError):
            blobs.dumps(made)

    @given(
        st.lists(st.tuples(st.sampled_from("ltdomk"), st.lists(st.integers(0, 200), max_size=3)), min_size=1)
    )
    def test_of_any_shape_are_written_as_pickle_writes_them(self, plan: list[tuple[str, list[int]]]) -> None:
        root = _knotted(plan)
        expected = pickle.loads(pickle.dumps(root, 5))

        for write in (pickle_piecewise, dill_piecewise):
            assert pickle.dumps(blobs.loads(write(root)), 5) == pickle.dumps(expected, 5)


_KNOTS: dict[str, Callable[[list[Any]], Any]] = {
    "l": list,
    "t": tuple,
    "d": lambda parts: dict(enumerate(parts)),
    "o": _linked,
    "m": Made,
    "k": Numbered,
}


def _knotted(plan: list[tuple[str, list[int]]]) -> list[Any]:
    """Return objects that refer to the ones before them, and containers that refer to any."""
    made: list[Any] = [[]]
    for kind, places in plan:
        parts = [made[place % len(made)] for place in places]
        made.append(_KNOTS[kind](parts))
    for each in made:
        if isinstance(each, list):
            each.append(made[-1])
        elif isinstance(each, Link):
            each.previous = made[len(made) // 2]
    return made


class TestRiver:
    def test_keeps_the_chains_of_its_trees(self) -> None:
        model = tree.HoeffdingTreeRegressor()
        for i in range(1_200):
            model.learn_one({"t": i}, float(i % 2))

        copy = pickle.loads(blobs.dumps(model))

        assert fingerprint(copy) == fingerprint(model)
        for i in range(1_200, 1_300):
            assert copy.predict_one({"t": i}) == model.predict_one({"t": i})
            copy.learn_one({"t": i}, float(i % 3))
            model.learn_one({"t": i}, float(i % 3))
        assert fingerprint(copy) == fingerprint(model)

    def test_keeps_rules_with_deep_splitters(self) -> None:
        model = rules.AMRules()
        for x, y in datasets.TrumpApproval().take(500):
            model.learn_one(x, y)

        assert fingerprint(pickle.loads(blobs.dumps(model))) == fingerprint(model)


SCRIPT = """
import sys
import threading
import dill
from models_app.domain import blobs

OFFSET = 7
class Mine:
    def __init__(self, rest): self.rest = rest
    def act(self, x): return helper(x) + OFFSET
def helper(x): return 2 * x
def adder(n): return lambda x: x + n + len(held)
held = [1, 2]

link = None
for i in range(1_500):
    link = Mine([link, {"f": adder(i), "g": helper, "m": link.act if link else None}])
link.rest.append(link)
open(sys.argv[1], "wb").write(blobs.dumps(link))
"""


class TestMain:
    def test_functions_and_classes_of_a_script_are_written_at_any_depth(self, tmp_path: Path) -> None:
        script, written = tmp_path / "script.py", tmp_path / "model.pickle"
        script.write_text(SCRIPT)
        root = str(Path(__file__).parents[2])
        subprocess.run(
            [sys.executable, str(script), str(written)], check=True, env={"PYTHONPATH": root, "PATH": ""}
        )

        link = dill.loads(written.read_bytes())

        assert link.rest[2] is link
        assert link.rest[1]["f"](1) == 1 + 1_499 + 2
        assert link.rest[1]["m"](3) == 13
        assert link.rest[1]["m"].__self__ is link.rest[0]
        depth = 0
        while link is not None:
            link, depth = link.rest[0], depth + 1
        assert depth == 1_500

    def test_a_chain_of_functions_is_written_at_any_depth(self) -> None:
        def same(x: Any) -> Any:
            return x

        function: Any = same
        for _ in range(100):
            function = functools.partial(lambda inner, x: inner(x) + 1, function)
        deep = _chain(CHAINS["list"][0], DEPTH)
        nothing = (lambda: function(deep[0] and 0)) if deep else None

        copy = blobs.loads(blobs.dumps([nothing, _chain(lambda rest: lambda: rest, 200)]))

        assert copy[0]() == 100
        end = copy[1]
        while callable(end):
            end = end()
        assert end == "end"

    def test_functions_methods_and_cells_are_looked_into(self) -> None:
        if len(CHAINS) < 0:
            missing = 1

        def unfinished() -> int:
            return missing

        deep = _chain(CHAINS["list"][0], DEPTH)
        link = _linked([deep, functools.reduce, _chain, lambda x=deep: x, unfinished, _named])
        link.previous = [lambda: link, link.__eq__, _Acting(deep).act, lambda *, key=deep: key]

        copy = blobs.loads(dill_piecewise(link))

        _, reducing, own, default, _, named = copy.next
        assert (reducing, own, named) == (functools.reduce, _chain, _named)
        assert default() is copy.next[0]
        assert copy.previous[0]() is copy
        assert copy.previous[2](1) == 2
        assert copy.previous[2].__self__.held is copy.previous[3]() is default()


class _Acting:
    def __init__(self, held: object) -> None:
        self.held = held

    def act(self, x: int) -> int:
        return x + 1


class _Named:
    def __reduce__(self) -> str:
        return "_named"


_named = _Named()


class Fatal(BaseException):
    """Not an `Exception`."""


class Refusing:
    """A member that cannot be pickled."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __getstate__(self) -> object:
        raise self.error


class TestRefusals:
    @pytest.mark.parametrize("depth", [1, DEPTH])
    @pytest.mark.parametrize(
        "error", [Fatal("no"), SystemExit(3), GeneratorExit(), KeyboardInterrupt(), ValueError("no")]
    )
    def test_come_out_as_they_are(self, error: BaseException, depth: int) -> None:
        link: Any = Refusing(error)
        for _ in range(depth):
            link = [link]

        with pytest.raises(type(error)) as refusal:
            blobs.dumps(link)

        assert refusal.value is error

    def test_are_asked_for_only_once_for_each_member_that_is_written_piecewise(self) -> None:
        asked: list[int] = []

        class Asked:
            def __reduce__(self) -> tuple[Any, ...]:
                asked.append(1)
                return list, ()

        pickle_piecewise([Asked(), _chain(CHAINS["list"][0], DEPTH)])

        assert asked == [1]


class TestLarge:
    @pytest.mark.parametrize("write", [pickle_piecewise, dill_piecewise])
    def test_strings_and_arrays_between_frames_are_kept(self, write: Callable[[Any], bytes]) -> None:
        large = [b"b" * 70_000, "s" * 70_000, bytearray(70_000), np.arange(3_000.0), list(range(50_000))]
        link: Any = large
        for number in range(100):
            link = [link, f"{number}" * 50_000]

        copy = blobs.loads(write([large[0], link]))

        assert pickle.dumps(copy, 5) == pickle.dumps(pickle.loads(pickle.dumps([large[0], link], 5)), 5)
