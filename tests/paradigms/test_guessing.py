import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from river import bandit, compose, forest, linear_model, preprocessing, rules, tree

from models_app.domain.errors import ModelNotSuitable, UnknownFlavor
from models_app.paradigms import trials
from models_app.paradigms.guessing import AUTO, flavor_for, guess
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.trials import TRYING, TrialResult
from tests.battery.estimators import classes, instances
from tests.paradigms.trial_models import Own
from tests.refusals import asking


def estimators() -> Iterator[Any]:
    """Yield the models of River that are of a class which a paradigm claims."""
    claimed = tuple(kind for paradigm in FLAVORS.values() for kind in paradigm.kinds)
    for kind in classes():
        yield from (model for model in instances(kind) if isinstance(model, claimed))
    # No estimators to River.
    yield bandit.RandomPolicy()


class TestGuess:
    @pytest.mark.parametrize(
        ("model", "flavor"),
        [
            (linear_model.LinearRegression(), "regression"),
            (linear_model.LogisticRegression(), "binary"),
            (forest.ARFClassifier(), "multiclass"),
            (preprocessing.StandardScaler() | tree.HoeffdingTreeClassifier(), "multiclass"),
            (compose.Select("a") | (preprocessing.StandardScaler() | rules.AMRules()), "regression"),
        ],
    )
    def test_says_what_river_says(self, model: Any, flavor: str) -> None:
        assert guess(model).name == flavor

    def test_finds_a_flavor_for_every_estimator_that_is_claimed(self) -> None:
        guessed = {guess(model).name for model in estimators()}

        # Statistics and drift detectors are no estimators: see `test_updated`.
        claimed = {flavor.name for flavor in FLAVORS.values() if flavor.kinds}
        assert guessed == claimed - {"statistic", "drift"}

    @pytest.mark.parametrize("model", [Own(), 42, None, compose.Pipeline()])
    def test_refuses_what_river_knows_nothing_of(self, model: object) -> None:
        with pytest.raises(ModelNotSuitable) as refused:
            guess(model)

        assert asking(str(refused.value.message)).endswith(f"one of {', '.join(map(repr, FLAVORS))}.")

    def test_refuses_a_class(self) -> None:
        with pytest.raises(ModelNotSuitable, match="This is the class PARegressor, not a model"):
            guess(linear_model.PARegressor)


class TestFlavorFor:
    def test_takes_the_one_that_is_named(self) -> None:
        assert flavor_for(linear_model.LogisticRegression(), "multiclass").name == "multiclass"
        with pytest.raises(UnknownFlavor):
            flavor_for(linear_model.LogisticRegression(), "")


class TestATrial:
    def test_says_what_it_took(self) -> None:
        reached: list[tuple[str, TrialResult]] = []

        found = trials.run(
            pickle.dumps(linear_model.LogisticRegression()), AUTO, lambda *stage: reached.append(stage)
        )

        assert found == TrialResult(flavor="binary")
        assert reached[-1] == (TRYING, TrialResult(flavor="binary"))
