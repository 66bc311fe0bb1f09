"""The parts of a model decide whether its calls are known."""

import pickle
from typing import Any

import dill
import pytest
from river import compose, feature_selection, forest, linear_model, preprocessing, tree

from models_app.domain import blobs
from models_app.domain.purity import Nature, are_alike, nature_of


def nature(model: object) -> Nature:
    return nature_of(blobs.loads_with_names(pickle.dumps(model))[1])


class Own:
    def predict_one(self, x: dict[str, object]) -> float:
        return 0.0


def double(x: dict[str, float]) -> dict[str, float]:
    return {key: 2 * value for key, value in x.items()}


class TestNatureOf:
    @pytest.mark.parametrize(
        "model",
        [
            tree.HoeffdingTreeClassifier(),
            (preprocessing.StandardScaler() + preprocessing.MinMaxScaler()) | linear_model.LinearRegression(),
            compose.Select("a") | linear_model.LogisticRegression(),
        ],
    )
    def test_knows_rivers_own_parts(self, model: object) -> None:
        assert nature(model) is Nature.KNOWN

    @pytest.mark.parametrize(
        "model",
        [
            Own(),
            compose.Pipeline(preprocessing.StandardScaler(), Own()),
            # Not only steps: whatever is inside of an object.
            compose.FuncTransformer(double) | linear_model.LinearRegression(),
        ],
    )
    def test_knows_nothing_else(self, model: object) -> None:
        assert nature(model) is Nature.UNKNOWN

    def test_does_not_know_what_brings_code_along(self) -> None:
        def own(x: Any) -> Any:
            return x

        data = dill.dumps(compose.FuncTransformer(own) | linear_model.LinearRegression())

        model, names = blobs.loads_with_names(data)

        assert names is None
        assert nature_of(names) is Nature.UNKNOWN
        assert model.predict_one({"a": 1.0}) == 0.0

    def test_sees_what_changes_when_it_predicts_wherever_it_stands(self) -> None:
        chooser = feature_selection.PoissonInclusion(p=0.1, seed=42)
        within = preprocessing.StandardScaler() | (chooser | linear_model.LinearRegression())

        assert nature(within) is Nature.CHANGING

    def test_knows_what_the_first_call_sets_up(self) -> None:
        assert nature(preprocessing.StandardScaler() | forest.ARFRegressor(seed=1)) is Nature.UNTIL_LEARNED


class TestAreAlike:
    def test_goes_by_the_state(self) -> None:
        model = linear_model.LinearRegression()
        before = blobs.dumps(model)
        model.predict_one({"a": 1.0})

        assert are_alike(model, before)

        model.learn_one({"a": 1.0}, 2.0)

        assert not are_alike(model, before)
