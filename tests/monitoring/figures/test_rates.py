from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from models_app.models import ServedModel
from models_app.services.finding import find
from models_app.services.rolling_back import roll_back
from monitoring import clocks
from monitoring.figures.rates import WINDOW_SECONDS, Rate, Rates
from tests.services.instances import Instance

TICK = 2


class Clock:
    """A time that goes on when asked to, with a model that does something meanwhile."""

    def __init__(self) -> None:
        self.now = timezone.now().timestamp()
        self.rates = Rates(clock=clocks.Clock(now=lambda: self.now, monotonic=lambda: self.now))

    def spend(self, seconds: int, *, predictions: int = 0, learns: int = 0, name: str = "one") -> None:
        """Let time pass, in which there are so many predictions and learns a second."""
        for _ in range(0, seconds, TICK):
            self.now += TICK
            if predictions or learns:
                moment = datetime.fromtimestamp(self.now, UTC)
                ServedModel.objects.filter(name=name).update(
                    n_predictions=F("n_predictions") + TICK * predictions,
                    seq=F("seq") + TICK * learns,
                    last_learned_at=moment,
                    last_predicted_at=moment,
                )
            self.rates.tick()

    def rate(self, name: str = "one") -> Rate:
        return self.rates.of(find(name))


def both(rate: Rate) -> tuple[float, float]:
    return rate.predictions, rate.learns


@pytest.fixture
def clock(instance: Instance) -> Clock:
    """A clock, and the model `one`, which was uploaded an hour ago."""
    instance.upload("one")
    ServedModel.objects.update(
        uploaded_at=timezone.now() - timedelta(hours=1), n_predictions=1_000_000, seq=500_000
    )
    clock = Clock()
    clock.rates.tick()
    return clock


class TestRates:
    def test_are_those_of_the_last_minute(self, clock: Clock) -> None:
        clock.spend(300, predictions=50, learns=20)
        clock.spend(60, predictions=10, learns=5)

        rate = clock.rate()

        # A count may be some seconds older than the window.
        assert rate.predictions == pytest.approx(10, rel=0.4)
        assert rate.learns == pytest.approx(5, rel=0.4)
        clock.spend(60, predictions=10, learns=5)
        assert both(clock.rate()) == pytest.approx((10, 5), rel=0.1)

    def test_are_zero_a_minute_after_a_model_fell_silent(self, clock: Clock) -> None:
        clock.spend(120, predictions=50, learns=20)
        clock.spend(int(WINDOW_SECONDS) + 10)

        assert clock.rate() == Rate(predictions=0.0, learns=0.0)

    def test_count_what_came_after_a_long_silence(self, clock: Clock) -> None:
        clock.spend(600)
        clock.spend(6, predictions=50, learns=20)

        assert both(clock.rate()) == pytest.approx((5, 2))

    def test_of_what_was_done_before_the_start_are_not_counted(self, clock: Clock) -> None:
        clock.spend(10, predictions=50, learns=20)

        rate = clock.rate()

        assert both(rate) == pytest.approx((50, 20))

    def test_of_a_new_upload_begin_with_it(self, clock: Clock, instance: Instance) -> None:
        clock.spend(60, predictions=50, learns=20)
        instance.upload("one")
        instance.upload("two")
        for name in ("one", "two"):
            clock.spend(20, predictions=10, learns=1, name=name)

        # Half of the time each.
        assert clock.rate("two").predictions == pytest.approx(5, rel=0.4)
        assert clock.rate("one").learns == pytest.approx(0.5, rel=0.6)

    def test_count_what_a_rollback_has_undone(self, clock: Clock) -> None:
        clock.spend(60, predictions=10, learns=5)

        roll_back(name="one", seq=0, now=datetime.fromtimestamp(clock.now, UTC))

        assert both(clock.rate()) == pytest.approx((10, 5), rel=0.1)
        clock.spend(2 * TICK)
        assert both(clock.rate()) == pytest.approx((10, 5), rel=0.1)
        clock.spend(90, predictions=10, learns=5)
        assert both(clock.rate()) == pytest.approx((10, 5), rel=0.1)

    def test_count_what_a_rollback_has_undone_right_after_the_upload(self, instance: Instance) -> None:
        instance.upload("one")
        clock = Clock()
        clock.spend(20, predictions=10, learns=5)

        roll_back(name="one", seq=0, now=datetime.fromtimestamp(clock.now, UTC))
        clock.spend(20, predictions=10, learns=5)

        assert both(clock.rate()) == pytest.approx((10, 5), rel=0.1)

    def test_are_reported_before_the_first_look(self, instance: Instance) -> None:
        instance.upload("one")

        assert Clock().rate() == Rate(predictions=0.0, learns=0.0)

    def test_keep_little_of_each_model(self, clock: Clock) -> None:
        clock.spend(600, predictions=1)

        (counts,) = clock.rates._counts.values()
        assert len(counts) <= 14
        clock.spend(120)
        clock.spend(120)
        assert clock.rate().predictions == 0

    def test_forget_models_that_were_deleted_and_all_at_an_erasure(self, clock: Clock) -> None:
        clock.spend(10, predictions=1)
        ServedModel.objects.all().delete()
        clock.spend(62)
        assert not clock.rates._counts

        clock.rates.erase()
        assert not clock.rates._counts
