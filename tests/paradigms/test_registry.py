import math

import pytest
from river import metrics

from models_app.domain.errors import InvalidGroundTruth, UnknownFlavor
from models_app.paradigms.registry import FLAVORS, get_flavor


class TestGetFlavor:
    @pytest.mark.parametrize("name", ["zugzug", "", ["binary"]])
    def test_names_all_that_exist_in_order(self, name: str) -> None:
        with pytest.raises(UnknownFlavor) as refusal:
            get_flavor(name)

        assert str(refusal.value.message).startswith(
            "Allowed flavors are 'regression', 'binary', 'multiclass', "
        )


class TestMetrics:
    def test_are_those_of_the_contract_in_order(self) -> None:
        served_first = ("regression", "binary", "multiclass")
        names = {name: [type(m).__name__ for m in FLAVORS[name].new_metrics()] for name in served_first}

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
            ("regression", 1), ("regression", -2.5), ("regression", True),
            ("regression", False), ("binary", True), ("binary", 0), ("binary", 1.0),
            ("multiclass", "cat"), ("multiclass", False), ("multiclass", 3), ("multiclass", 2.5),
        ],
    )  # fmt: skip
    def test_is_returned_as_it_is(self, flavor: str, value: object) -> None:
        truth = get_flavor(flavor).ground_truth(value)

        assert truth is value

    @pytest.mark.parametrize(
        ("flavor", "value"),
        [
            ("regression", "1"), ("regression", "true"), ("regression", math.nan),
            ("regression", 10**400), ("binary", "true"), ("binary", 2), ("binary", [True]),
            ("binary", math.nan),
            ("multiclass", ["cat"]), ("multiclass", math.inf),
        ],
    )  # fmt: skip
    def test_is_refused_by_its_field(self, flavor: str, value: object) -> None:
        with pytest.raises(InvalidGroundTruth) as refusal:
            get_flavor(flavor).ground_truth(value)

        assert isinstance(refusal.value.message, dict)
        assert list(refusal.value.message) == ["ground_truth"]


class TestLearned:
    @pytest.mark.parametrize(("value", "learned"), [(True, 1), (False, 0), (1.5, 1.5), (2, 2)])
    def test_has_numbers_only_for_a_regression(self, value: float, learned: float) -> None:
        found = get_flavor("regression").learned(value)

        assert (found, type(found)) == (learned, type(learned))

    @pytest.mark.parametrize("flavor", ["binary", "multiclass"])
    @pytest.mark.parametrize("value", [True, False, 1, 0.5])
    def test_is_what_came_for_labels(self, flavor: str, value: float) -> None:
        assert get_flavor(flavor).learned(value) is value
