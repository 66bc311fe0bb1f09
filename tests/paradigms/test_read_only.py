import pickle

import pytest
from river import linear_model, stats, tree

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms import read_only, trials
from models_app.paradigms.registry import FLAVORS
from models_app.paradigms.trials import TrialResult
from tests.own_models import Frozen, Plain
from tests.paradigms.trial_models import NotThere

HINT = "upload it with read_only=true (add_model: --read-only)"
UPDATED = {"bandit", "statistic", "drift"}


def tried(model: object, flavor: str, *, is_read_only: bool = True) -> TrialResult:
    return trials.run(pickle.dumps(model), flavor, lambda *_: None, is_read_only=is_read_only)


class Labels:
    """Predicts labels, and learns nothing."""

    def predict_one(self, x: object) -> bool:
        return True


class Nothing:
    """Neither learns nor predicts."""


class TestOf:
    @pytest.mark.parametrize("name", sorted(set(FLAVORS) - UPDATED))
    def test_needs_no_method_that_learns_and_calls_none(self, name: str) -> None:
        paradigm = FLAVORS[name]
        found = read_only.of(paradigm)

        assert found.methods == tuple(method for method in paradigm.methods if method != "learn_one")
        assert "learn_one" not in found.calls
        assert isinstance(found, type(paradigm))
        found.learner(None)({}, None)

    @pytest.mark.parametrize("name", sorted(UPDATED))
    def test_refuses_what_is_there_to_be_updated(self, name: str) -> None:
        with pytest.raises(
            ModelNotSuitable, match=f"'{name}' is there to be updated: .* Leave out read_only"
        ):
            read_only.of(FLAVORS[name])

    def test_leaves_the_flavor_as_it_was(self) -> None:
        read_only.of(FLAVORS["regression"])

        assert not FLAVORS["regression"].is_read_only
        assert "learn_one" in FLAVORS["regression"].methods


class TestATrial:
    def test_takes_a_model_that_only_predicts(self) -> None:
        assert tried(Frozen(2.0), "regression") == TrialResult()

    def test_takes_one_that_learns_too_and_lets_it_not(self) -> None:
        assert tried(NotThere("learn_one"), "regression") == TrialResult()
        assert tried(tree.HoeffdingTreeClassifier(), "auto") == TrialResult(flavor="multiclass")

    def test_takes_a_classifier_that_answers_labels(self) -> None:
        assert tried(Labels(), "binary") == TrialResult("predict_one")

    def test_refuses_a_model_that_does_not_predict_either(self) -> None:
        with pytest.raises(ModelNotSuitable, match="does not implement predict_one"):
            tried(Nothing(), "regression")

    def test_refuses_what_is_there_to_be_updated(self) -> None:
        with pytest.raises(ModelNotSuitable, match="cannot be served read-only"):
            tried(stats.Mean(), "statistic")


class TestWithoutTheParameter:
    @pytest.mark.parametrize(
        ("model", "flavor"),
        [(Frozen(2.0), "regression"), (Labels(), "binary"), (NotThere("learn_one"), "regression")],
    )
    def test_a_refusal_names_it(self, model: object, flavor: str) -> None:
        with pytest.raises(ModelNotSuitable) as refused:
            tried(model, flavor, is_read_only=False)

        assert HINT in str(refused.value.message)

    @pytest.mark.parametrize(
        ("model", "flavor"),
        [(Nothing(), "regression"), (Plain(), "regression"), (linear_model.LinearRegression(), "binary")],
    )
    def test_a_refusal_for_another_reason_does_not(self, model: object, flavor: str) -> None:
        with pytest.raises(ModelNotSuitable) as refused:
            tried(model, flavor, is_read_only=False)

        assert "read_only" not in str(refused.value.message)
