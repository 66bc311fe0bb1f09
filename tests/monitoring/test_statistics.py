import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from pytest_django import Settings
from river import stats

from models_app.models.transactions import writer_lock
from monitoring.durations import humanize
from monitoring.models import CallStatistics
from monitoring.statistics import CallRecorder, CallTotal, RouteStatistics
from tests.monitoring.serving import wait_until

DURATIONS = [3_408_682, 1_000, 77, 5_000_000_123, 12_345_678]
NOTHING = {
    "n_calls": 0,
    "mean_duration": 0,
    "mean_duration_human": "0ns",
    "ewm_duration": 0,
    "ewm_duration_human": "0ns",
}


Record = Callable[..., CallRecorder]


@pytest.fixture
def recorded(transactional_db: None) -> Iterator[Record]:
    """Return a function that makes a recorder with some calls, whose thread does nothing within the test."""
    recorders: list[CallRecorder] = []

    def record(*durations: int) -> CallRecorder:
        recorder = CallRecorder(fold_seconds=3600)
        recorders.append(recorder)
        for duration in durations:
            recorder.record("predict", duration)
        return recorder

    yield record
    for recorder in recorders:
        end(recorder)


def end(recorder: CallRecorder) -> None:
    """Wait for the recorder's thread to write what there is and go."""
    thread = recorder._thread
    recorder._is_ending.set()
    if thread is not None:
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0ns"),
        (999, "999ns"),
        (1_000, "1μs"),
        (3_408_682, "3ms408μs682ns"),
        (1_000_000_001, "1s1ns"),
        (61_002_000_000, "1m1s2ms"),
        (3_600_000_000_000, "60m"),
    ],
)
def test_durations_are_shown_in_units_that_people_read(duration_ns: int, text: str) -> None:
    assert humanize(duration_ns) == text


class TestRouteStatistics:
    @pytest.mark.parametrize("n_before", range(len(DURATIONS)))
    def test_goes_on_after_a_restart_as_if_there_had_been_none(self, n_before: int) -> None:
        whole, first = RouteStatistics(), RouteStatistics()
        for duration in DURATIONS:
            whole.update(duration)
        for duration in DURATIONS[:n_before]:
            first.update(duration)

        second = RouteStatistics.of(
            n_calls=int(first.mean.n), mean_ns=first.mean.get(), ewm_ns=first.ewm.get()
        )
        for duration in DURATIONS[n_before:]:
            second.update(duration)

        assert (second.mean.n, second.mean.get(), second.ewm.get()) == (
            whole.mean.n,
            whole.mean.get(),
            whole.ewm.get(),
        )


@pytest.mark.django_db(transaction=True)
class TestCallRecorder:
    def test_reports_zeros_before_any_call(self) -> None:
        assert CallRecorder().report() == {"predict": NOTHING, "learn": NOTHING}

    def test_reports_rivers_statistics_of_each_route(self, recorded: Record) -> None:
        mean, ewm = stats.Mean(), stats.EWMean(0.3)
        for duration in DURATIONS:
            mean.update(duration)
            ewm.update(duration)

        report = recorded(*DURATIONS).report()

        assert report["predict"] == {
            "n_calls": 5,
            "mean_duration": round(mean.get()),
            "mean_duration_human": humanize(round(mean.get())),
            "ewm_duration": round(ewm.get()),
            "ewm_duration_human": humanize(round(ewm.get())),
        }
        assert report["learn"] == NOTHING

    def test_adds_up_what_several_processes_record(self, recorded: Record) -> None:
        first, second = recorded(*DURATIONS[:2]), recorded(DURATIONS[2])
        first.report()
        second.report()
        first.save()
        second.save()
        first.record("predict", DURATIONS[3])
        first.save()
        second.record("learn", DURATIONS[4])
        second.save()

        for recorder in (first, second, CallRecorder()):
            report = recorder.report()
            assert [report[route]["n_calls"] for route in ("predict", "learn")] == [4, 1]
            assert report["predict"]["mean_duration"] == pytest.approx(sum(DURATIONS[:4]) / 4, abs=2)
            assert report["learn"]["mean_duration"] == DURATIONS[4]

    def test_takes_nothing_of_its_own_for_that_of_others(self, recorded: Record) -> None:
        first, second = recorded(*DURATIONS), recorded()
        for _ in range(3):
            first.record("predict", 1)
            first.save()
            first.report()
            assert second.report() == {**first.report(), "predict": second.report()["predict"]}

        assert first.report()["predict"]["n_calls"] == second.report()["predict"]["n_calls"] == 8

    def test_survives_a_restart(self, recorded: Record) -> None:
        first = recorded(*DURATIONS[:3])
        first.save()
        second = recorded(*DURATIONS[3:])
        report = second.report()
        CallStatistics.objects.all().delete()
        assert report == recorded(*DURATIONS).report()

    def test_writes_nothing_where_nothing_has_changed(self, recorded: Record) -> None:
        recorder = recorded(*DURATIONS)
        recorder.save()
        CallStatistics.objects.update(n_calls=7)
        recorder.save()
        assert CallStatistics.objects.get(route="predict").n_calls == 7

    def test_is_erased_with_everything_else(self, recorded: Record) -> None:
        recorder = recorded(*DURATIONS)
        recorder.save()
        recorder.record("learn", 5)
        with transaction.atomic():
            recorder.erase()
        assert recorder.report() == {"predict": NOTHING, "learn": NOTHING}
        assert not CallStatistics.objects.exists()
        recorder.record("learn", 8)
        assert recorder.report()["learn"]["n_calls"] == 1

    def test_counts_what_the_process_has_answered_whatever_was_before_or_is_erased(
        self, recorded: Record
    ) -> None:
        recorded(*DURATIONS[:3]).save()
        recorder = recorded(*DURATIONS[3:])
        recorder.record("learn", 5)
        with transaction.atomic():
            recorder.erase()
        recorder.record("learn", 8)

        assert recorder.totals() == {
            "predict": CallTotal(n_calls=2, duration_ns=sum(DURATIONS[3:])),
            "learn": CallTotal(n_calls=2, duration_ns=13),
        }
        assert recorder.report()["learn"]["n_calls"] == 1

    def test_is_not_erased_by_a_transaction_that_fails(self, recorded: Record) -> None:
        recorder = recorded(*DURATIONS)
        recorder.save()
        with transaction.atomic():
            recorder.erase()
            transaction.set_rollback(True)
        assert recorder.report()["predict"]["n_calls"] == 5
        recorder.record("predict", 1)
        recorder.save()
        assert CallStatistics.objects.get(route="predict").n_calls == 6

    def test_writes_nothing_that_was_read_before_it_was_erased(self, recorded: Record) -> None:
        recorder = recorded(*DURATIONS)
        with transaction.atomic():
            recorder.erase()
        assert not recorder._write(generation=0)
        assert not CallStatistics.objects.exists()

    def test_notices_that_a_command_beside_the_server_has_erased_everything(self, recorded: Record) -> None:
        recorder = recorded(*DURATIONS)
        recorder.save()
        CallStatistics.objects.all().delete()
        recorder.record("predict", 10)
        assert recorder.report()["predict"]["n_calls"] == 1

    def test_counts_every_call_of_concurrent_threads(self) -> None:
        recorder = CallRecorder(fold_seconds=0.001)

        def call() -> None:
            for _ in range(500):
                recorder.record("learn", 10)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert recorder.report()["learn"]["n_calls"] == 2000
        end(recorder)

    def test_saves_by_itself_and_leaves_no_thread(self) -> None:
        recorder = CallRecorder(fold_seconds=0.005, save_seconds=0.02)
        for n in (1, 2):
            recorder.record("predict", 10)
            wait_until(CallStatistics.objects.filter(n_calls=n).exists)
            wait_until(lambda: not has_thread(recorder))

    def test_saves_later_where_the_database_is_busy(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.DATABASE_TIMEOUT = 0.01
        recorder = CallRecorder(fold_seconds=0.005, save_seconds=0.005)
        with writer_lock():
            recorder.record("learn", 10)
            wait_until(lambda: "could not be" in caplog.text)
            assert not CallStatistics.objects.exists()
        wait_until(CallStatistics.objects.filter(route="learn", n_calls=1).exists)
        end(recorder)

    def test_saves_what_is_called_while_the_server_stops(self, recorded: Record) -> None:
        recorder = CallRecorder(fold_seconds=0.005, save_seconds=3600)
        recorder.record("predict", 10)
        recorder.save_at_once()
        assert CallStatistics.objects.get(route="predict").n_calls == 1
        recorder.record("predict", 10)
        wait_until(CallStatistics.objects.filter(n_calls=2).exists)
        end(recorder)


def has_thread(recorder: CallRecorder) -> bool:
    return any(getattr(thread, "_target", None) == recorder._run for thread in threading.enumerate())
