import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dill
import pytest
import river
from river import (
    base,
    compose,
    ensemble,
    feature_extraction,
    linear_model,
    multiclass,
    naive_bayes,
    preprocessing,
    stats,
)
from river.compat import convert_sklearn_to_river

from models_app.domain.errors import ModelNotSuitable
from models_app.paradigms import trials
from models_app.paradigms.trials import LOADING, TRYING, TrialResult
from tests.paradigms.trial_models import (
    Another,
    Bursting,
    Forgetful,
    Guarded,
    Hesitant,
    Labels,
    NoPickle,
    NotThere,
    OfAFile,
    Panicking,
    Particular,
    Proud,
    Several,
)
from tests.refusals import asking

FOREIGN = Path(__file__).parents[1] / "domain" / "foreign"


def run(model: Any, flavor: str) -> TrialResult:
    return trials.run(pickle.dumps(model), flavor, lambda stage, method: None)


def refusal(model: Any, flavor: str) -> str:
    with pytest.raises(ModelNotSuitable) as refused:
        run(model, flavor)
    return asking(str(refused.value.message))


def rivers() -> Iterator[Any]:
    """Yield the models of River that learn from a ground truth, as its own tests make them."""
    for module in pkgutil.iter_modules(river.__path__):
        package = importlib.import_module(f"river.{module.name}")
        for name in getattr(package, "__all__", []):
            kind: Any = getattr(package, name, None)
            is_model = inspect.isclass(kind) and issubclass(kind, base.Classifier | base.Regressor)
            if not is_model or inspect.isabstract(kind) or module.name == "base":
                continue
            try:
                made = [kind(**params) for params in kind._unit_test_params()]
            except (TypeError, RuntimeError):
                # It needs another model, or another Python.
                continue
            for number, model in enumerate(made):
                yield pytest.param(model, id=f"{module.name}.{name}-{number}")


#: Those that no prediction of can be answered, and why.
EXCEPTIONS = {
    "ISOUPTreeRegressor": "it predicts several targets",
}


class TestRun:
    @pytest.mark.parametrize("model", list(rivers()))
    def test_takes_what_river_has(self, model: Any) -> None:
        flavors = ("binary", "multiclass") if isinstance(model, base.Classifier) else ("regression",)
        for flavor in flavors:
            if type(model).__name__ in EXCEPTIONS:
                refusal(model, flavor)
            else:
                assert run(model, flavor).remarks == ()

    @pytest.mark.parametrize("flavor", ["binary", "multiclass"])
    @pytest.mark.parametrize(
        "model",
        [
            ensemble.VotingClassifier([linear_model.LogisticRegression()] * 2),
            multiclass.OneVsOneClassifier(linear_model.LogisticRegression()),
            multiclass.OutputCodeClassifier(linear_model.LogisticRegression(), code_size=4, seed=1),
            preprocessing.StandardScaler() | multiclass.OneVsOneClassifier(linear_model.LogisticRegression()),
            Labels(),
            Proud(),
        ],
        ids=repr,
    )  # fmt: skip
    def test_finds_classifiers_without_probabilities(self, model: Any, flavor: str) -> None:
        assert run(model, flavor).predict_method == "predict_one"

    def test_finds_out_after_some_learns(self) -> None:
        """A hinge loss has no probabilities, which scikit-learn says once it was fitted."""
        sgd = pytest.importorskip("sklearn.linear_model").SGDClassifier(loss="hinge", random_state=1)
        model = preprocessing.StandardScaler() | convert_sklearn_to_river(sgd, classes=[False, True])

        assert run(model, "binary").predict_method == "predict_one"

    @pytest.mark.parametrize(
        ("model", "flavor"),
        [
            (feature_extraction.BagOfWords() | naive_bayes.MultinomialNB(), "multiclass"),
            (feature_extraction.TFIDF(on="words") | naive_bayes.MultinomialNB(), "binary"),
            (compose.Select("male", "female") | linear_model.LogisticRegression(), "binary"),
            (feature_extraction.TargetAgg("shop", stats.Mean()) | linear_model.PARegressor(), "regression"),
            (Particular(), "regression"),
            (Panicking(), "regression"),
            (preprocessing.StandardScaler() | linear_model.LogisticRegression(), "multiclass"),
            (preprocessing.OneHotEncoder() | linear_model.LinearRegression(), "regression"),
        ],
        ids=repr,
    )  # fmt: skip
    def test_takes_models_for_features_of_their_own(self, model: Any, flavor: str) -> None:
        assert run(model, flavor) == TrialResult()

    @pytest.mark.parametrize(
        ("model", "flavor", "reported"),
        [
            (NotThere("predict_one"), "regression", "predict_one, which is not implemented"),
            (NotThere("learn_one"), "regression", "learn_one, which is not implemented"),
            (NotThere("predict_proba_one"), "binary", "predict_proba_one, which is not implemented"),
            (Several(), "regression", "cannot answer what the model predicts"),
            (Forgetful(), "regression", "does not survive its own pickle"),
            (Another(), "regression", "does not survive its own pickle"),
            (
                feature_extraction.RandomTreesEmbedding(seed=1) | linear_model.LogisticRegression(),
                "binary",
                "does not survive its own pickle: after 12 learns and a pickle it raises KeyError",
            ),
            (Bursting(), "regression", "UPLOAD_MEMORY"),
            (Guarded(), "regression", "raises when its methods are asked for: ZeroDivisionError"),
        ],
        ids=repr,
    )
    def test_refuses_what_no_features_mend(self, model: Any, flavor: str, reported: str) -> None:
        assert reported in refusal(model, flavor)

    @pytest.mark.parametrize(
        ("function", "reported"),
        [
            ("lambda x: {'a': math.sqrt(len(x))}", "a name that did not come along"),
            ("lambda x: __import__('nowhere_to_be_found')", "install 'nowhere_to_be_found'"),
        ],
    )
    def test_says_what_a_function_lacks(self, function: str, reported: str) -> None:
        model = compose.FuncTransformer(eval(function, {})) | linear_model.LinearRegression()
        with pytest.raises(ModelNotSuitable) as refused:
            trials.run(dill.dumps(model, recurse=True), "regression", lambda stage, method: None)

        assert reported in asking(str(refused.value.message))

    @pytest.mark.parametrize(
        "name",
        ["0.22.text", "0.22.text-learned", "0.24.text", "0.24.text-learned", "0.25.text-learned",
         "0.25.scaled-learned"],
    )  # fmt: skip
    @pytest.mark.parametrize("flavor", ["binary", "multiclass"])
    def test_knows_models_of_other_rivers(self, flavor: str, name: str) -> None:
        data = (FOREIGN / f"river-{name}.pickle").read_bytes()
        with pytest.raises(ModelNotSuitable) as refused:
            trials.run(data, flavor, lambda stage, method: None)

        assert "was made under River 0.2" in str(refused.value.message)
        assert f"the server's River {river.__version__}" in str(refused.value.message)

    @pytest.mark.parametrize("name", ["0.25.text", "0.25.scaled"])
    def test_takes_models_of_another_river_that_work_here(self, name: str) -> None:
        data = (FOREIGN / f"river-{name}.pickle").read_bytes()

        assert trials.run(data, "binary", lambda stage, method: None) == TrialResult()

    @pytest.mark.parametrize("kind", ["ValueError", "SystemExit", "KeyboardInterrupt"])
    def test_remarks_on_what_cannot_be_pickled(self, kind: str) -> None:
        (remark,) = run(NoPickle(kind), "regression").remarks

        assert remark["code"] == "not_picklable"
        assert kind in remark["message"]

    @pytest.mark.parametrize("when", ["unpickled", "predicting"])
    def test_says_nothing_of_files_that_the_server_may_have(self, when: str) -> None:
        assert run(OfAFile(when), "regression") == TrialResult()

    def test_takes_what_is_slow_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trials, "TRYING_SECONDS", 0.05)

        assert run(Hesitant(0.06), "regression") == TrialResult()
        assert run(Hesitant(0.06), "binary") == TrialResult("predict_one")

    def test_says_how_far_it_is(self) -> None:
        reached: list[tuple[str, TrialResult]] = []

        trials.run(pickle.dumps(Labels()), "binary", lambda *stage: reached.append(stage))

        assert reached == [(LOADING, TrialResult()), (TRYING, TrialResult("predict_one"))]
