"""Monitoring while somebody sets the clock."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from django.db.models import F
from django.utils import timezone

from models_app.domain import learns
from models_app.models import JournalSegment, ServedModel
from models_app.services import measuring
from models_app.services.finding import Served
from monitoring.clocks import CautiousClock, Clock, LastLook
from monitoring.drift.following import SAVE_SECONDS, Follower
from monitoring.figures.ages import pending_ages
from monitoring.figures.delays import DelayReader
from monitoring.figures.rates import WINDOW_SECONDS, Rates
from monitoring.history.reading import instance_rates, read_history
from monitoring.history.sampling import SECONDS, Sampler
from monitoring.models import AlertDelivery, DriftState, MetricSnapshot
from monitoring.webhook import outbox
from monitoring.webhook.attempts import Target
from monitoring.webhook.sender import Sender
from tests.monitoring.serving import wait_until
from tests.monitoring.timepieces import NOON, Timepiece
from tests.monitoring.webhook.receivers import SECRET, receiving
from tests.services.instances import Instance, instance

__all__ = ["instance"]

HOUR, DAY = 3_600.0, 86_400.0
JUMPS = [DAY, -DAY, 365 * DAY, -365 * DAY, HOUR / 2, -HOUR / 2, 5.0, -5.0]


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class TestClock:
    def test_is_the_machines(self) -> None:
        clock = Clock()
        before = datetime.now(UTC)

        assert before <= clock.moment() <= datetime.now(UTC)
        assert clock.monotonic() <= clock.monotonic()


class TestCautiousClock:
    def test_goes_on_as_the_clock_does(self, clock: Timepiece) -> None:
        cautious = CautiousClock(clock.clock)
        clock.go_on(30 * DAY)

        assert cautious.moment() == moment(NOON + 30 * DAY)

    def test_takes_small_corrections(self, clock: Timepiece) -> None:
        cautious = CautiousClock(clock.clock)
        for _ in range(100):
            clock.set_ahead(30)
            assert cautious.now() == clock.now

    def test_goes_back_at_once(self, clock: Timepiece) -> None:
        cautious = CautiousClock(clock.clock)
        clock.set_ahead(-DAY)

        assert cautious.now() == NOON - DAY

    def test_believes_a_jump_ahead_after_an_hour(self, clock: Timepiece) -> None:
        cautious = CautiousClock(clock.clock)
        clock.set_ahead(DAY)

        assert cautious.now() == NOON
        clock.go_on(HOUR - 1)
        assert cautious.now() == pytest.approx(NOON + HOUR - 1)
        clock.go_on(2)
        assert cautious.now() == clock.now
        clock.go_on(2)
        assert cautious.now() == clock.now

    def test_never_believes_a_jump_that_was_undone(self, clock: Timepiece) -> None:
        cautious = CautiousClock(clock.clock)
        for _ in range(5):
            clock.set_ahead(DAY)
            cautious.now()
            clock.go_on(HOUR / 2)
            cautious.now()
            clock.set_ahead(-DAY)
            assert cautious.now() == pytest.approx(clock.now)
            clock.go_on(HOUR / 2)


class TestLastLook:
    def test_is_a_minute_wider_than_it_was(self, clock: Timepiece) -> None:
        look = LastLook(clock.clock)

        assert look.again() is None
        clock.go_on(10)
        assert look.again() == moment(NOON - 60)
        look.forget()
        assert look.again() is None

    @pytest.mark.parametrize("jump", JUMPS)
    def test_covers_what_was_written_before_and_after_a_jump(self, clock: Timepiece, jump: float) -> None:
        look = LastLook(clock.clock)
        look.again()
        clock.go_on(1)
        before = clock.clock.moment()
        clock.set_ahead(jump)
        after = clock.clock.moment()
        clock.go_on(1)

        since = look.again()

        assert since is not None
        assert since <= min(before, after)


class TestHistory:
    @pytest.fixture
    def tick(self, clock: Timepiece) -> Callable[[], None]:
        sampler = Sampler(ask=measuring.ask_if_hot, clock=clock.clock)

        def tick() -> None:
            clock.go_on(SECONDS)
            ServedModel.objects.filter(seq__gt=0).update(last_learned_at=clock.clock.moment())
            sampler.tick()
            wait_until(lambda: len(sampler._answers) == len(sampler._asked))
            sampler.tick()

        return tick

    @pytest.mark.parametrize("jump", JUMPS)
    def test_goes_on_at_once_after_a_jump(
        self, instance: Instance, clock: Timepiece, tick: Callable[[], None], jump: float
    ) -> None:
        instance.upload("one")
        for _ in range(3):
            instance.run("one", 1)
            tick()

        clock.set_ahead(jump)
        for _ in range(3):
            instance.run("one", 1)
            tick()

        for model in ("one", None):
            history = read_history(model=model, since=None, n_points=100)
            assert history["seq"] == [1, 2, 3, 4, 5, 6]
            assert max(history["time"]) <= clock.now

    def test_survives_a_clock_that_was_a_day_ahead_for_a_moment(
        self, instance: Instance, clock: Timepiece, tick: Callable[[], None]
    ) -> None:
        instance.upload("one")
        for jump in (0, 0, DAY, 0, 0, -DAY, 0, 0):
            clock.set_ahead(jump)
            instance.run("one", 1)
            tick()

        history = read_history(model="one", since=None, n_points=100)

        # The samples of tomorrow have become those of just before the clock was set right.
        assert history["seq"] == [1, 2, 3, 4, 5, 6, 7, 8]
        steps = [later - earlier for earlier, later in pairwise(history["time"])]
        assert all(0 <= step <= 2 * SECONDS for step in steps), steps

    def test_loses_nothing_to_a_clock_that_was_a_year_ahead_for_half_an_hour(
        self, instance: Instance, clock: Timepiece, tick: Callable[[], None]
    ) -> None:
        instance.upload("one")
        for _ in range(3):
            instance.run("one", 1)
            tick()
        clock.set_ahead(365 * DAY)
        clock.go_on(120)
        tick()
        clock.go_on(HOUR / 2)
        tick()

        clock.set_ahead(-365 * DAY)
        clock.go_on(120)
        tick()

        assert read_history(model="one", since=None, n_points=100)["seq"] == [1, 2, 3]

    def test_is_brought_back_from_the_future_at_a_start(
        self, instance: Instance, clock: Timepiece, tick: Callable[[], None]
    ) -> None:
        instance.upload("one")
        for _ in range(3):
            instance.run("one", 1)
            tick()
        clock.set_ahead(-DAY)

        Sampler(ask=measuring.ask_if_hot, clock=clock.clock).tick()

        samples = MetricSnapshot.objects.exclude(model=None).order_by("time")
        times = [sample.time.timestamp() for sample in samples]
        assert times[-1] == pytest.approx(clock.now, abs=SECONDS)
        assert [sample.seq for sample in samples] == [1, 2, 3]
        assert [b - a for a, b in pairwise(times)] == pytest.approx([SECONDS, SECONDS])

    def test_reports_a_rate_only_of_what_is_near(self, instance: Instance) -> None:
        now = timezone.now()
        for seq, time in ((1, now + timedelta(hours=23)), (101, now + timedelta(hours=24))):
            MetricSnapshot.objects.create(
                model=None, generation=0, seq=seq, time=time, n_predictions=0, values={}, rolling={}, level=0
            )

        assert instance_rates() is None


class TestRates:
    @pytest.mark.parametrize("jump", JUMPS)
    def test_do_not_notice_that_the_clock_is_set(
        self, instance: Instance, clock: Timepiece, jump: float
    ) -> None:
        instance.upload("one")
        ServedModel.objects.update(uploaded_at=moment(NOON - DAY))
        rates = Rates(clock=clock.clock)
        rates.tick()
        for number in range(120):
            if number == 60:
                clock.set_ahead(jump)
            clock.go_on(2)
            self._do_something(clock)
            rates.tick()
            rate = rates.of(Served.of(ServedModel.objects.get()))
            assert (rate.predictions, rate.learns) == pytest.approx((10, 5), rel=0.15)

    def test_of_a_model_from_the_future_are_not_guessed(self, instance: Instance, clock: Timepiece) -> None:
        instance.upload("one")
        ServedModel.objects.update(uploaded_at=moment(NOON + DAY), n_predictions=6_000, seq=3_000)
        rates = Rates(clock=clock.clock)
        rates.tick()
        clock.go_on(2)
        self._do_something(clock)

        rate = rates.of(Served.of(ServedModel.objects.get()))

        assert (rate.predictions, rate.learns) == pytest.approx((10, 5))

    def test_are_zero_a_minute_after_the_last_request_whatever_the_clock(
        self, instance: Instance, clock: Timepiece
    ) -> None:
        instance.upload("one")
        ServedModel.objects.update(uploaded_at=moment(NOON - DAY))
        rates = Rates(clock=clock.clock)
        rates.tick()
        self._do_something(clock)
        clock.set_ahead(-DAY)
        for _ in range(int(WINDOW_SECONDS) // 2 + 5):
            clock.go_on(2)
            rates.tick()

        assert rates.of(Served.of(ServedModel.objects.get())).learns == 0

    def _do_something(self, clock: Timepiece) -> None:
        ServedModel.objects.update(
            n_predictions=F("n_predictions") + 20,
            seq=F("seq") + 10,
            last_predicted_at=clock.clock.moment(),
            last_learned_at=clock.clock.moment(),
        )


class TestDelays:
    def test_of_earlier_journals_are_never_negative(self, instance: Instance) -> None:
        instance.upload("one")
        instance.run("one", 3)
        for segment in JournalSegment.objects.all():
            rows = learns.decode(segment.learns)
            earlier = [msgspec.structs.replace(row, learned_at=row.learned_at - DAY) for row in rows]
            segment.learns = learns.encode(earlier)
            segment.save()

        assert DelayReader().of(Served.of(ServedModel.objects.get())) == [0.0, 0.0, 0.0]


class TestPending:
    def test_from_the_future_are_young(self, instance: Instance) -> None:
        instance.upload("one")
        instance.predict("p", "one", at=NOON + DAY)

        ages = pending_ages(Served.of(ServedModel.objects.get()), now=moment(NOON))

        assert [age.n for age in ages] == [1, 0, 0, 0, 0]


class TestFollower:
    @pytest.mark.parametrize("jump", JUMPS)
    def test_sees_every_learn_and_writes_it_down(
        self, instance: Instance, clock: Timepiece, jump: float
    ) -> None:
        instance.upload("one")
        follower = Follower(report=lambda alerts: None, clock=clock.clock)
        for number in range(4):
            if number == 2:
                clock.set_ahead(jump)
            instance.run("one", 3)
            clock.go_on(2)
            ServedModel.objects.update(last_learned_at=clock.clock.moment())
            follower.tick()
        clock.go_on(SAVE_SECONDS)
        follower.tick()

        assert DriftState.objects.get().seq == 12


@pytest.mark.django_db(transaction=True)
class TestWebhook:
    @pytest.mark.parametrize("n_failures", [0, 1, 3, 6, 9, 12])
    @pytest.mark.parametrize("ahead", [12 * HOUR, 365 * DAY])
    def test_does_not_wait_for_a_time_of_a_wrong_clock(self, n_failures: int, ahead: float) -> None:
        outbox.put(["{}"], now=moment(NOON + ahead))
        delivery = AlertDelivery.objects.get()
        AlertDelivery.objects.update(n_attempts=n_failures)

        claimed = outbox.claim_next(now=moment(NOON))

        assert claimed == delivery

    @pytest.mark.parametrize("n_failures", [0, 1, 3, 6, 9, 12])
    def test_waits_for_what_is_due_later(self, n_failures: int) -> None:
        outbox.put(["{}"], now=moment(NOON))
        if n_failures == 0:
            # Somebody is about to deliver it.
            assert outbox.claim_next(now=moment(NOON)) is not None
        for number in range(1, n_failures + 1):
            delivery = AlertDelivery.objects.get()
            AlertDelivery.objects.update(n_attempts=number - 1)
            delivery.refresh_from_db()
            assert outbox.note_failed(delivery, reason="refused", now=moment(NOON)) is not None

        assert outbox.claim_next(now=moment(NOON)) is None

    def test_gives_nothing_up_for_a_clock_that_is_ahead_for_a_moment(
        self, clock: Timepiece, caplog: pytest.LogCaptureFixture
    ) -> None:
        outbox.put(["{}"], now=clock.clock.moment())
        with receiving() as receiver:
            target = Target(url=f"http://127.0.0.1:{receiver.port}/", secret=SECRET, allows_private=True)
            receiver.status = 500
            sender = Sender(target, now=CautiousClock(clock.clock).moment)
            clock.set_ahead(30 * DAY)
            with caplog.at_level(logging.WARNING):
                sender.wake()
                wait_until(lambda: AlertDelivery.objects.get().n_attempts == 1)
            assert AlertDelivery.objects.get().state == "waiting"
            receiver.status = 204
            clock.set_ahead(-30 * DAY)
            clock.go_on(60)
            sender.wake()
            wait_until(lambda: AlertDelivery.objects.get().state == "delivered")
            sender.stop()
