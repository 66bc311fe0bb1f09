import functools
import pickle
import random
import re
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock
from typing import Any

import dill
import numpy as np
import pytest
from river import (
    compose,
    datasets,
    feature_extraction,
    forest,
    linear_model,
    optim,
    preprocessing,
    stats,
    tree,
)

from models_app.domain.comparisons import Comparison, compare
from models_app.domain.fingerprints import fingerprint

NAN = float("nan")


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: object, right: object) -> None:
        self.left = left
        self.right = right


class Plain:
    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


class Seeded(Plain):
    """Has a generator of its own."""

    def __init__(self, seed: int | None, **attributes: object) -> None:
        super().__init__(seed=seed, rng=random.Random(seed), **attributes)


class Sum(Plain):
    """Is compared by its own state."""

    def __getstate__(self) -> object:
        return ["state", sorted(vars(self))]

    def __setstate__(self, state: object) -> None:
        self.state = state


def of_main(source: str) -> Any:
    """Return what a script's __main__ calls `made`, as its own dill has it."""
    module = types.ModuleType("__main__")
    exec(source, module.__dict__)
    return module.__dict__["made"]


def nested(depth: int, make: Callable[[object], object], end: object) -> object:
    """Return an end within so many of the same."""
    for _ in range(depth):
        end = make(end)
    return end


CLOSURE = "def f(a):\n    def g(): return a\n    return g\n"
EMPTY_CLOSURE = "def f():\n    def g(): return b\n    if not f: b = 1\n    return g\nmade = f()"

EQUAL: dict[str, Callable[[], object]] = {
    "nan": lambda: [NAN, -NAN, complex(NAN, 1)],
    "zeros": lambda: [0.0, -0.0],
    "atoms": lambda: [None, True, 1, "a", b"a", ..., NotImplemented, 1.5],
    "array": lambda: np.array([1.0, NAN, -0.0]),
    "objects in an array": lambda: np.array([{"a": 1}, None], dtype=object),
    "numpy scalars": lambda: [np.float64(1), np.int64(1), np.bool_(True), np.str_("a"), np.float16(2)],
    "sets": lambda: {frozenset("abc"), frozenset({1, 2})},
    "set of objects": lambda: {Slotted(1, 2)},
    "slots": lambda: Slotted(1, Slotted(2, 3)),
    "counter": lambda: Counter("abca"),
    "ordered": lambda: OrderedDict(a=1, b=2),
    "deque": lambda: deque([1, 2], maxlen=3),
    "moments": lambda: [datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.5")],
    "patterns": lambda: re.compile("a+", re.IGNORECASE),
    "partial": lambda: functools.partial(int, base=8),
    "own state": lambda: Sum(a=1),
    "methods": lambda: [Slotted.__init__, [].append, stats.Mean().update],
    "modules": lambda: np,
    "proxies": lambda: types.MappingProxyType({"a": 1}),
    "generators": lambda: [random.Random(1), np.random.RandomState(1), np.random.default_rng(1)],
    "rust": lambda: stats.Quantile(0.5),
    "a long tuple": lambda: tuple(range(100)),
    "no end": lambda: Plain(dtype=np.dtype("f8"), kind=np.ndarray, name=range(3)),
    "a pattern of an embedding": lambda: preprocessing.FeatureHasher(seed=1),
    "code": lambda: of_main("def made(a, b=2, *, c=3):\n    return [a for _ in range(b)]\n"),
    "a closure": lambda: of_main(CLOSURE + "made = f(1)"),
    "an empty closure": lambda: of_main(EMPTY_CLOSURE),
    "own class": lambda: of_main(
        "class made:\n"
        "    @staticmethod\n    def a(): pass\n"
        "    @classmethod\n    def b(cls): pass\n"
        "    @property\n    def c(self): return 1\n"
    ),
}

DIFFERENT: dict[str, tuple[object, object, str]] = {
    "bits": (0.1 + 0.2, 0.3, "m is 0.30000000000000004 instead of 0.3"),
    "zero": ([0.0], [-0.0], "m[0] is 0.0 instead of -0.0"),
    "imaginary": (1j, 2j, "m is 1j instead of 2j"),
    "type": ([1], [1.0], "m[0] is 1 instead of 1.0"),
    "bool": ([1], [True], "m[0] is 1 instead of True"),
    "kind": ([1], (1,), "m is a list instead of a tuple"),
    "attribute": (Plain(a=Slotted(1, 2)), Plain(a=Slotted(1, 3)), "m.a.right is 2 instead of 3"),
    "key": ({"a": 1}, {"b": 1}, "m has ['a'], which the other lacks"),
    "fewer": ({"a": 1}, {"a": 1, "b": 1}, "m lacks ['b'], which the other has"),
    "order": ({"a": 1, "b": 1}, {"b": 1, "a": 1}, "m has its 3 members in another order"),
    "set": ({1, 2}, {1, 3}, "m (set) has other members: {1, 2} instead of {1, 3}"),
    "array": (np.array([1.0]), np.array([2.0]), "m (a ndarray) differs"),
    "shape": (np.zeros(2), np.zeros(3), "m (a ndarray) differs"),
    "drawn": (random.Random(1), random.Random(2), "m has drawn other numbers"),
    "long": ("a" * 70, "b", f"m is '{'a' * 59}... instead of 'b'"),
    "default": (defaultdict(float, a=1.0), defaultdict(int, a=1.0), "m.default_factory"),
    "other zero": (defaultdict(float, a=-0.0), defaultdict(float), "m has ['a'], which the other lacks"),
    "closure": (of_main(CLOSURE + "made = f(1)"), of_main(CLOSURE + "made = f(2)"), "m.__closure__[0]"),
    "code": (of_main("made = lambda: 1"), of_main("made = lambda: 2"), "m.__code__.co_consts[1]"),
    "global": (
        of_main("a = 1\ndef made(): return a"),
        of_main("a = 2\ndef made(): return a"),
        "m.__globals__['a'] is 1 instead of 2",
    ),
    "class": (
        of_main("class made: a = 1"),
        of_main("class made: a = 2"),
        "m.a is 1 instead of 2",
    ),
}


class TestCompare:
    @pytest.mark.parametrize("make", EQUAL.values(), ids=EQUAL)
    def test_finds_equal_what_is_made_alike(self, make: Callable[[], object]) -> None:
        assert compare(make(), make()) == Comparison(difference=None, has_unseeded=False)

    @pytest.mark.parametrize(("one", "other", "start"), DIFFERENT.values(), ids=DIFFERENT)
    def test_says_where_the_first_difference_is(self, one: object, other: object, start: str) -> None:
        difference = compare(one, other, name="m").difference

        assert difference is not None
        assert difference.startswith(start)

    def test_finds_a_learn_in_a_forest(self) -> None:
        model = forest.ARFClassifier(n_models=3, seed=1)
        stream = iter(datasets.Phishing())
        for x, y in (next(stream) for _ in range(200)):
            model.learn_one(x, y)
        twin = pickle.loads(pickle.dumps(model))

        assert compare(model, twin).is_equal
        twin.learn_one(*next(stream))
        assert not compare(model, twin).is_equal

    def test_does_not_see_which_values_are_shared(self) -> None:
        word, number = "shared", float("1.5")
        other = pickle.loads(pickle.dumps(word))

        assert compare([word, word, number, number], [word, other, number, float("1.5")]).is_equal

    @pytest.mark.parametrize("make", [list, dict, Plain, lambda: np.zeros(2), stats.Mean])
    def test_sees_which_objects_are_shared(self, make: Callable[[], object]) -> None:
        one = make()

        assert compare([one, one], [make(), make()]).difference is not None
        assert compare([make(), make()], [one, one]).difference is not None

    def test_follows_cycles(self) -> None:
        def cycle(value: int) -> Plain:
            made = Plain(value=value, members=set())
            made.me = [made]  # type: ignore[attr-defined]
            made.members.add(made)  # type: ignore[attr-defined]
            return made

        assert compare(cycle(1), cycle(1)).is_equal
        assert not compare(cycle(1), cycle(2)).is_equal

    @pytest.mark.parametrize(
        "make", [lambda end: [end], lambda end: Slotted(end, None), lambda end: frozenset([end])]
    )
    def test_goes_to_any_depth(self, make: Callable[[object], object]) -> None:
        assert compare(nested(4_000, make, 1), nested(4_000, make, 1)).is_equal
        assert not compare(nested(4_000, make, 1), nested(4_000, make, 2)).is_equal

    def test_leaves_the_middle_of_a_long_path_out(self) -> None:
        one, other = (nested(50, lambda value: [value], value) for value in (1, 2))

        difference = compare(one, other).difference

        assert difference == f"model{'[0]' * 11}...(27 steps)...{'[0]' * 12} is 1 instead of 2"

    @pytest.mark.parametrize(
        "scaler",
        [
            preprocessing.StandardScaler, preprocessing.MinMaxScaler, preprocessing.MaxAbsScaler,
            preprocessing.RobustScaler, preprocessing.AdaptiveStandardScaler,
        ],
    )  # fmt: skip
    def test_does_not_see_what_a_prediction_only_looked_at(self, scaler: Callable[[], Any]) -> None:
        models = [scaler(), scaler()]
        for model in models:
            model.learn_one({"a": 1.0})

        models[0].transform_one({"new": 1.0, "a": 2.0})

        assert compare(*models).is_equal

    def test_sees_what_was_made_otherwise(self) -> None:
        def weights(value: float) -> object:
            return defaultdict(optim.initializers.Constant(1.0), a=value)

        assert compare(weights(1.0), weights(1.0)).is_equal
        assert compare(weights(1.0), defaultdict(optim.initializers.Constant(1.0))).is_equal
        assert not compare(weights(0.0), defaultdict(optim.initializers.Constant(1.0))).is_equal

    @pytest.mark.parametrize(
        "transformer",
        [
            feature_extraction.Agg(on="a", by="c", how=stats.Mean()),
            compose.Grouper(preprocessing.StatImputer(("a", stats.Mean())), by="c"),
        ],
    )
    def test_does_not_see_copies_that_were_made_to_look_at(self, transformer: Any) -> None:
        twin = pickle.loads(pickle.dumps(transformer))

        twin.transform_one({"a": 1.0, "c": "new"})

        assert compare(transformer, twin).is_equal
        twin.learn_one({"a": 1.0, "c": "new"})
        assert not compare(transformer, twin).is_equal

    def test_raises_what_has_no_pickle(self) -> None:
        with pytest.raises(TypeError):
            compare([Lock()], [Lock()])

    def test_does_not_see_derived_caches(self) -> None:
        models = [preprocessing.StandardScaler() | linear_model.BayesianLinearRegression() for _ in range(2)]
        for model in models:
            model.learn_one({"a": 1.0}, 2.0)

        models[0].predict_one({"a": 1.0})

        assert compare(*models).is_equal

    def test_does_not_see_in_what_order_a_defaultdict_got_its_keys(self) -> None:
        keys: list[Any] = [("b", 1), ("a", 2), "c", 3, frozenset("xyz")]
        one = defaultdict(int, dict.fromkeys(keys, 1))
        other = defaultdict(int, dict.fromkeys(reversed(keys), 1))

        assert compare(one, other).is_equal

    def test_sees_keys_of_any_kind_of_a_defaultdict(self) -> None:
        keyed = [defaultdict(int, {("a", 1): value}) for value in (1, 2)]

        assert compare(*keyed).difference == "model[tuple] is 1 instead of 2"


class TestUnseeded:
    def test_generators_are_no_difference(self) -> None:
        assert compare(Seeded(None), Seeded(None)) == Comparison(difference=None, has_unseeded=True)

    def test_generators_may_be_met_before_their_owner(self) -> None:
        def model() -> Plain:
            owner = Seeded(None)
            return Plain(a=owner.rng, b=owner)  # type: ignore[attr-defined]

        assert compare(model(), model()) == Comparison(difference=None, has_unseeded=True)

    def test_generators_with_a_seed_are_compared(self) -> None:
        one, other = Seeded(1), Seeded(1)
        one.rng.random()  # type: ignore[attr-defined]

        assert compare(one, other).difference == "model.rng has drawn other numbers"

    def test_does_not_hide_another_difference(self) -> None:
        difference = compare(Seeded(None, value=1), Seeded(None, value=2)).difference

        assert difference == "model.value is 1 instead of 2"

    def test_reports_the_first_difference_when_generators_differ_too(self) -> None:
        one, other = Seeded(1, value=1), Seeded(1, value=2)
        one.rng.random()  # type: ignore[attr-defined]

        assert compare(one, other).difference == "model.value is 1 instead of 2"

    def test_are_left_out_of_a_fingerprint(self) -> None:
        one, other = Seeded(None), Seeded(None)

        assert fingerprint(one) != fingerprint(other)
        assert fingerprint(one, unseeded=False) == fingerprint(other, unseeded=False)

    def test_finds_leaves_of_a_tree(self) -> None:
        models = [tree.HoeffdingTreeClassifier(max_depth=5) for _ in range(2)]
        for model in models:
            for x, y in datasets.Phishing().take(50):
                model.learn_one(x, y)

        assert compare(*models).is_equal


class TestDill:
    def test_functions_of_a_script_are_compared_by_their_code(self) -> None:
        data = dill.dumps(compose.FuncTransformer(of_main("def made(x): return {'a': 1}")), recurse=True)

        assert compare(dill.loads(data), dill.loads(data)).is_equal
