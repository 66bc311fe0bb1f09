"""What is built from the specification of a model is that model to the last bit, of each class of River's."""

import copy
import json
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest
from river import base, compose, facto, linear_model, metrics, multioutput, preprocessing, tree

from models_app.domain.errors import ModelNotSuitable
from models_app.domain.fingerprints import fingerprint
from models_app.domain.specs import building, describing
from models_app.paradigms.guessing import guess
from tests.battery import every
from tests.domain.specs import instances

N = 100
#: Why a class has no specification, by what the refusal says.
NOT_DESCRIBED = {
    "compat.SKL2RiverClassifier": "the model: SKL2RiverClassifier is neither",
    "compat.SKL2RiverRegressor": "the model: SKL2RiverRegressor is neither",
    "compose.FuncTransformer": "params.func: dict is neither a class nor a function",
    "compose.TargetTransformRegressor": "params.func: _double is neither",
    "compose.TransformerProduct": "product: no steps",
    "compose.TransformerUnion": "union: no steps",
}
#: Draw from the operating system when they are made, and keep what they have drawn.
DRAWN = {
    "multiclass.OutputCodeClassifier", "preprocessing.FeatureHasher", "sketch.Counter", "sketch.NUnique",
    "sketch.Set",
}  # fmt: skip
#: Of which no two become the same, whoever makes them, and why.
UNLIKE = {"feature_extraction.RandomTreesEmbedding": "knows its trees by where they lie in memory"}


def from_spec(spec: Any) -> Any:
    return building.load(json.dumps(spec).encode())


def with_seed(model: Any) -> Any:
    """Return a model, with a seed where it takes one and has none."""
    is_unseeded = isinstance(model, base.Base) and hasattr(model, "seed") and model.seed is None
    return model.clone({"seed": 1}) if is_unseeded else model


def outcomes(made: Callable[[], Any]) -> tuple[list[Any], str] | None:
    """Return what a model answers to the first records that it takes, and what it becomes; None: none fit."""
    model = made()
    try:
        flavor = guess(model)
    except ModelNotSuitable:
        return None
    for records in every.data(flavor, N):
        model = made()
        try:
            answers = every.run(model, flavor, records(), on_copies=False, finite=False)
        except Exception:
            continue
        return answers, fingerprint(model, unseeded=False)
    return None


@pytest.mark.filterwarnings("ignore")
class TestDescribe:
    @pytest.mark.parametrize(("name", "make"), list(instances.everything()))
    def test_describes_a_model_exactly(self, name: str, make: Callable[[], Any]) -> None:
        model = make()
        if model is None:
            pytest.skip("cannot be made under this Python")
        found = describing.describe(model)
        if name in NOT_DESCRIBED:
            assert found.full is None
            assert found.reason.startswith(NOT_DESCRIBED[name])
            return

        assert (found.full is not None, found.reason) == (True, "")
        assert found.says_all == (name not in DRAWN)
        for spec in (found.full, found.short):
            again = describing.describe(from_spec(spec))
            assert (again.full, again.short) == (found.full, found.short)
        if name not in DRAWN | UNLIKE.keys():
            seeded = with_seed(model)
            found = describing.describe(seeded)
            expected = outcomes(lambda: pickle.loads(pickle.dumps(seeded)))
            assert outcomes(lambda: from_spec(found.full)) == expected
            assert outcomes(lambda: from_spec(found.short)) == expected

    @pytest.mark.parametrize("members", [(7, 15), (15, 7), (7, 15, 23, 31), (31, 7, 23, 15)])
    def test_describes_a_set_so_that_it_is_walked_alike(self, members: tuple[int, ...]) -> None:
        # All want the same place of the set's table: the last ones are walked first.
        encoder = preprocessing.OneHotEncoder(categories={"a": set(members)})

        found = describing.describe(encoder)

        assert (found.reason, found.says_all) == ("", True)
        assert list(from_spec(found.full).values["a"]) == list(set(members))

    def test_describes_what_is_kept_in_a_set_so_that_it_is_walked_alike(self) -> None:
        found = describing.describe(compose.Select(15, 7))

        assert list(from_spec(found.full).keys) == list({15, 7}) == [7, 15]

    def test_leaves_the_model_as_it_is(self) -> None:
        model = instances.TOGETHER["union"]()
        before = fingerprint(model)

        describing.describe(model)

        assert fingerprint(model) == before

    def test_of_a_model_that_has_learned_says_that_it_does_not_say_all(self) -> None:
        model = preprocessing.StandardScaler() | linear_model.LinearRegression()
        model.learn_one({"a": 1.0}, 2.0)

        found = describing.describe(model)

        assert not found.says_all
        assert found.short == {
            "pipeline": [
                {"class": "preprocessing.StandardScaler"},
                {"class": "linear_model.LinearRegression"},
            ]
        }

    def test_of_a_model_that_is_much_larger_than_a_new_one_too(self) -> None:
        model = preprocessing.StandardScaler()
        model.learn_one({f"a{number}": 1.0 for number in range(5_000)})

        assert not describing.describe(model).says_all

    @pytest.mark.parametrize(
        "model", [facto.FMRegressor(seed=1), multioutput.RegressorChain(linear_model.LinearRegression())]
    )
    def test_has_none_where_learning_changes_what_it_would_say(self, model: Any) -> None:
        assert describing.describe(model).says_all
        y = {"p": 1.0, "q": 2.0} if isinstance(model, multioutput.RegressorChain) else 3.0
        for _ in range(3):
            model.learn_one({"a": 1.0, "b": 2.0}, y)

        found = describing.describe(model)

        assert found.full is None
        assert "it has learned or drawn, which changes the parameters of" in found.reason

    def test_keeps_the_classes_that_a_metric_was_given_and_not_those_that_it_saw(self) -> None:
        metric = metrics.MacroF1(metrics.ConfusionMatrix(classes=["x", "y"]))
        metric.update("z", "x")

        described = describing.describe(metric).full

        assert described["params"]["cm"]["params"]["classes"] == ["x", "y"]

    def test_names_the_place_of_what_has_no_form(self) -> None:
        model = (
            preprocessing.StandardScaler() | compose.FuncTransformer(_own) | linear_model.LinearRegression()
        )

        assert describing.describe(model).reason == (
            "pipeline[1].params.func: _own is neither a class nor a function that specifications have"
        )

    def test_has_a_reason_for_what_is_no_model(self) -> None:
        around: list[Any] = []
        around.append(around)
        for value in (object(), around, float("nan"), types.SimpleNamespace(), _Raising(), {_Raising(): 1}):
            assert describing.describe(value).full is None
            assert describing.describe(value).reason

    def test_writes_a_depth_down_that_another_process_has_given(self) -> None:
        limit = sys.getrecursionlimit()
        assert describing.describe(tree.HoeffdingTreeClassifier()).short == {
            "class": "tree.HoeffdingTreeClassifier"
        }
        elsewhere = tree.HoeffdingTreeClassifier(max_depth=limit - 21)

        found = describing.describe(elsewhere)

        assert found.short["params"] == {"max_depth": limit - 21}
        assert found.says_all


class TestReceived:
    def test_takes_what_was_described(self) -> None:
        found = describing.describe(instances.TOGETHER["scaled"]())

        assert describing.received(json.loads(json.dumps(vars_of(found)))) == found

    @pytest.mark.parametrize(
        "sent",
        [
            None, [], {}, {"full": {"class": "os.system"}, "short": {"class": "os.system"}, "says_all": True},
            {"full": {"class": "stats.Mean"}}, {"full": 1, "short": 1}, {"reason": "x" * 10_000},
            {"full": {"class": "stats.Mean"}, "short": {"class": "stats.Mean", "x": "\ud800"}},
        ],
    )  # fmt: skip
    def test_has_a_reason_where_an_upload_has_sent_something_else(self, sent: object) -> None:
        found = describing.received(sent)

        assert found.full is None
        assert 0 < len(found.reason) < 1_000


def vars_of(found: describing.Specification) -> dict[str, Any]:
    names = ("full", "short", "says_all", "reason")
    return {name: copy.deepcopy(getattr(found, name)) for name in names}


def _own(x: Any) -> Any:
    return x


class _Raising:
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        return 1
