import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain import learns, predictions
from models_app.domain.predictions import UnsupportedPrediction

labels = st.one_of(st.booleans(), st.integers(), st.floats(), st.text())
numbers = st.one_of(st.none(), st.integers(), st.floats())


def same(left: Any, right: Any) -> bool:
    """Equal in value and in type, NaN included."""
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(key, other) and same(left[key], right[other]) for key, other in zip(left, right, strict=True)
        )
    return type(left) is type(right) and repr(left) == repr(right)


class TestStorage:
    @given(st.one_of(numbers, labels, st.dictionaries(labels, numbers, max_size=5)))
    def test_gives_back_every_label_and_number_with_its_type(self, prediction: Any) -> None:
        stored = learns.encode_prediction(prediction)

        assert same(learns.decode_prediction(stored), prediction)


class TestNumber:
    def test_unwraps_numpy_scalars(self) -> None:
        assert type(predictions.number(np.float64(0.1))) is float
        assert type(predictions.number(np.int64(3))) is int
        assert predictions.number(np.float64(0.1)) == 0.1

    def test_takes_a_boolean_for_the_number_it_is(self) -> None:
        assert predictions.number(True) == 1
        assert type(predictions.number(True)) is int

    def test_refuses_what_is_no_number(self) -> None:
        with pytest.raises(UnsupportedPrediction, match="which is not a number"):
            predictions.number("x" * 100)


class TestProbabilities:
    def test_unwraps_numpy_labels(self) -> None:
        plain = predictions.probabilities(
            {np.bool_(True): np.float64(0.5), np.str_("a"): 0.25, np.int64(3): 0.25}
        )

        assert plain == {True: 0.5, "a": 0.25, 3: 0.25}
        assert plain is not None
        assert [type(label) for label in plain] == [bool, str, int]

    def test_may_be_missing(self) -> None:
        assert predictions.probabilities(None) is None

    @pytest.mark.parametrize("answer", [0.5, {("a", "b"): 0.5}, {None: 0.5}, {"a": "b"}])
    def test_refuses_what_could_be_answered_to_no_client(self, answer: object) -> None:
        with pytest.raises(UnsupportedPrediction):
            predictions.probabilities(answer)


class TestLabel:
    @pytest.mark.parametrize(
        ("answer", "plain"), [(np.bool_(True), True), (np.str_("a"), "a"), (np.int64(3), 3), (2.5, 2.5)]
    )
    def test_unwraps_numpy_scalars(self, answer: object, plain: object) -> None:
        assert same(predictions.label(answer), plain)

    def test_may_be_missing(self) -> None:
        assert predictions.label(None) is None

    @pytest.mark.parametrize("answer", [{True: 0.5}, ["a"], ("a", "b"), object()])
    def test_refuses_what_is_no_label(self, answer: object) -> None:
        with pytest.raises(UnsupportedPrediction, match="predicted the label"):
            predictions.label(answer)


class TestScorable:
    @pytest.mark.parametrize("prediction", [None, {}, math.nan, math.inf, {"a": math.nan}, {"a": None}])
    def test_leaves_out_what_would_poison_a_mean(self, prediction: Any) -> None:
        assert not predictions.is_scorable(prediction)

    @pytest.mark.parametrize("prediction", [0, 0.0, -1.5, {"a": 1.0}, "a", "", False])
    def test_takes_the_rest(self, prediction: Any) -> None:
        assert predictions.is_scorable(prediction)


class TestMostProbable:
    def test_is_the_first_of_equals(self) -> None:
        assert predictions.most_probable({"b": 0.5, "a": 0.5}) == "b"


class TestJson:
    def test_has_names_and_finite_numbers_only(self) -> None:
        reported = predictions.to_json({True: 0.5, 1.5: math.inf, "x": None, 7: 1})

        assert reported == {"true": 0.5, "1.5": None, "x": None, "7": 1}
        assert predictions.to_json(2.5) == 2.5
        assert predictions.to_json(math.nan) is None

    @given(st.one_of(st.booleans(), st.integers(), st.text()))
    def test_has_a_label_as_it_is(self, label: Any) -> None:
        assert same(predictions.to_json(label), label)
