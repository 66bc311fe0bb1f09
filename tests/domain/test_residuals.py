import math
import random

import pytest
from river import datasets, linear_model, preprocessing

from models_app.domain.residuals import histogram, residual, spread


def approval() -> list[float]:
    """The residuals of a real model on a real data set; the first are far out."""
    model = preprocessing.StandardScaler() | linear_model.LinearRegression(intercept_lr=0.3)
    found = []
    for x, y in datasets.TrumpApproval():
        found.append(y - model.predict_one(x))
        model.learn_one(x, y)
    return found


class TestResidual:
    def test_is_what_the_ground_truth_was_more(self) -> None:
        assert residual(2, 5) == -3.0

    @pytest.mark.parametrize(
        ("y_true", "y_pred"), [(1e308, -1e308), (0.0, -1e200), (2.0, math.inf), (2.0, 10**400)]
    )
    def test_is_none_where_no_chart_has_room(self, y_true: float, y_pred: float) -> None:
        assert residual(y_true, y_pred) is None


class TestHistogram:
    def test_counts_every_residual_once_in_bins_that_follow_each_other(self) -> None:
        residuals = approval()

        bins = histogram(residuals)

        assert sum(found.n for found in bins) == len(residuals)
        assert 5 < len(bins) <= 31
        assert [found.highest for found in bins[:-1]] == [found.lowest for found in bins[1:]]
        assert (bins[0].lowest, bins[-1].highest) == (None, None)
        for found in bins[1:-1]:
            assert found.lowest is not None
            assert found.highest is not None
            assert found.n == sum(found.lowest <= value < found.highest for value in residuals)

    def test_is_not_stretched_by_a_few_that_are_far_out(self) -> None:
        rng = random.Random(1)
        residuals = [rng.gauss(0, 1) for _ in range(1_000)]

        with_outliers = histogram([*residuals, 1e6, -1e6])

        limits = [found.highest for found in with_outliers if found.highest is not None]
        assert max(limits) < 5
        assert with_outliers[-1].n > 0

    def test_has_one_bin_where_all_are_the_same(self) -> None:
        for value in (0.0, 3.5, -1e90, 1e-300):
            assert [found.n for found in histogram([value] * 7)] == [7]

    def test_has_few_bins_where_they_differ_by_a_rounding_error(self) -> None:
        assert len(histogram([1.0, math.nextafter(1.0, 2.0), 1.0])) <= 2

    def test_distinguishes_a_few_among_many_that_are_the_same(self) -> None:
        # Their middle half has no width, which is the rule's measure.
        bins = histogram([0.0] * 90 + [1.0] * 10)

        assert [found.n for found in bins if found.n] == [90, 10]

    def test_is_empty_without_residuals(self) -> None:
        assert histogram([]) == []


class TestSpread:
    def test_is_that_of_one_residual_alone(self) -> None:
        found = spread([2.5])

        assert (found.mean, found.half, found.most) == (2.5, (2.5, 2.5), (2.5, 2.5))
