import numpy as np
import pytest

from models_app.engine.timings import BOUNDS, RECENT, Durations, Histogram


class TestHistogram:
    def test_counts_by_bucket(self) -> None:
        histogram = Histogram()

        histogram.record(0.0015, 3)
        histogram.record_all([0.00003, 11.0])

        assert histogram.counts[BOUNDS.index(0.002)] == 3
        assert (histogram.counts[0], histogram.counts[-1], histogram.n) == (1, 1, 5)
        assert histogram.seconds == pytest.approx(11.00453)


class TestDurations:
    def test_report_the_quantiles_of_the_last_ones(self) -> None:
        durations = Durations()
        values = [0.001 * (number % 977) for number in range(5 * RECENT)]

        for value in values:
            durations.record(value)

        expected = np.quantile(values[-RECENT:], [0.5, 0.9, 0.99])
        assert durations.quantiles((0.5, 0.9, 0.99)) == pytest.approx(expected, rel=1e-6)
        assert durations.n == len(values)

    def test_take_many_equal_ones_at_once(self) -> None:
        durations = Durations()

        durations.record(5.0, 20)
        durations.record(1.0, 10 * RECENT)

        assert durations.quantiles((0.0,)) == durations.quantiles((1.0,)) == [1.0]
        assert durations.n == 10 * RECENT + 20
        assert len(durations.recent) == RECENT

    def test_keep_no_more_than_they_need(self) -> None:
        durations = Durations()

        for _ in range(10):
            durations.record(1.0, RECENT - 1)
            assert len(durations._recent) < 2 * RECENT

    def test_are_reported_together(self) -> None:
        quick, slow = Durations(), Durations()
        quick.record(1.0, 3)
        slow.record(2.0)

        together = Durations.of(quick, slow)

        assert (together.n, together.seconds) == (4, 5.0)
        assert together.quantiles((1.0,)) == [2.0]
        assert (quick.n, slow.n) == (3, 1)

    def test_have_no_quantiles_without_a_duration(self) -> None:
        assert Durations().quantiles((0.5,)) == [None]
