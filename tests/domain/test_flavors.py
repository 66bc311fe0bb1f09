import math

import pytest
from river import compose, linear_model, metrics, preprocessing, tree

from models_app.domain.errors import InvalidGroundTruth, ModelNotSuitable, UnknownFlavor
from models_app.domain.flavors import FLAVORS, get_flavor


class TestGetFlavor:
    @pytest.mark.parametrize("name", ["zugzug", "", ["binary"]])
    def test_names_all_that_exist_in_order(self, name: str) -> None:
        with pytest.raises(UnknownFlavor) as refusal:
            get_flavor(name)

        assert refusal.value.message == "Allowed flavors are 'regression', 'binary', 'multiclass'."


class TestCheckModel:
    @pytest.mark.parametrize(
        ("flavor", "model"),
        [
            ("regression", linear_model.LinearRegression()),
            ("regression", preprocessing.StandardScaler() | linear_model.LinearRegression()),
            ("binary", linear_model.LogisticRegression()),
            ("multiclass", tree.HoeffdingTreeClassifier()),
        ],
    )
    def test_accepts_what_the_flavor_needs(self, flavor: str, model: object) -> None:
        get_flavor(flavor).check_model(model)

    @pytest.mark.parametrize(
        ("flavor", "model", "method"),
        [
            ("regression", object(), "learn_one"),
            ("regression", preprocessing.StandardScaler(), "predict_one"),
            ("binary", linear_model.LinearRegression(), "predict_proba_one"),
            ("binary", preprocessing.StandardScaler() | linear_model.LinearRegression(), "predict_proba_one"),
            ("multiclass", compose.Pipeline(preprocessing.StandardScaler()), "predict_proba_one"),
            (
                "binary",
                compose.Pipeline(
                    preprocessing.StandardScaler(), compose.Pipeline(linear_model.LinearRegression())
                ),
                "predict_proba_one",
            ),
        ],
    )
    def test_names_the_first_method_that_lacks(self, flavor: str, model: object, method: str) -> None:
        with pytest.raises(ModelNotSuitable) as refusal:
            get_flavor(flavor).check_model(model)

        assert refusal.value.message == f"The model does not implement {method}."


class TestMetrics:
    def test_are_those_of_the_contract_in_order(self) -> None:
        names = {name: [type(m).__name__ for m in f.new_metrics()] for name, f in FLAVORS.items()}

        assert names == {
            "regression": ["MAE", "RMSE", "SMAPE"],
            "binary": ["Accuracy", "LogLoss", "Precision", "Recall", "F1"],
            "multiclass": [
                "Accuracy", "CrossEntropy", "MacroPrecision", "MacroRecall", "MacroF1",
                "MicroPrecision", "MicroRecall", "MicroF1",
            ],
        }  # fmt: skip

    def test_are_new_each_time(self) -> None:
        first, second = FLAVORS["regression"].new_metrics(), FLAVORS["regression"].new_metrics()
        first[0].update(1.0, 2.0)

        assert isinstance(second[0], metrics.MAE)
        assert second[0].get() == 0


class TestGroundTruth:
    @pytest.mark.parametrize(
        ("flavor", "value"),
        [
            ("regression", 1), ("regression", -2.5), ("binary", True), ("binary", 0), ("binary", 1.0),
            ("multiclass", "cat"), ("multiclass", False), ("multiclass", 3), ("multiclass", 2.5),
        ],
    )  # fmt: skip
    def test_is_returned_as_it_is(self, flavor: str, value: object) -> None:
        truth = get_flavor(flavor).ground_truth(value)

        assert truth is value

    @pytest.mark.parametrize(
        ("flavor", "value"),
        [
            ("regression", "1"), ("regression", True), ("regression", None), ("regression", math.nan),
            ("regression", 10**400), ("binary", "true"), ("binary", 2), ("binary", [True]),
            ("binary", math.nan),
            ("multiclass", None), ("multiclass", ["cat"]), ("multiclass", math.inf),
        ],
    )  # fmt: skip
    def test_is_refused_by_its_field(self, flavor: str, value: object) -> None:
        with pytest.raises(InvalidGroundTruth) as refusal:
            get_flavor(flavor).ground_truth(value)

        assert isinstance(refusal.value.message, dict)
        assert list(refusal.value.message) == ["ground_truth"]
