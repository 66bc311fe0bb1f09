import random
import time
from collections.abc import Callable, Sequence

import pytest
from django.utils import timezone
from river import drift, dummy, stats

from models_app.domain.errors import InvalidRequest, ModelNotFound
from models_app.domain.scoring import GroundTruth
from models_app.engine.commands import Command
from models_app.services import hooks, predicting, rolling_back, snapshotting, uploading
from models_app.wire.commands import learn_command, predict_command
from monitoring.alerting.lists import Chosen, list_alerts
from monitoring.clocks import Clock
from monitoring.drift.following import Follower
from monitoring.drift.planning import set_plan
from monitoring.drift.watches import Plan
from monitoring.models import DriftAlert, DriftPlan, DriftState
from tests.own_models import Silent, Stubborn
from tests.services.instances import Instance

NOW = 1_790_000_000.0
# No divisor of what the tests have learned.
_AT_A_TIME = 34


def outcomes(n: int, change_at: int) -> list[bool]:
    """Ground truths of a stream whose concept is swapped."""
    rng = random.Random(1)
    return [rng.random() < (0.1 if number < change_at else 0.9) for number in range(n)]


def bare(errors: list[float], kind: Callable[[], object] = drift.ADWIN) -> list[int]:
    """Return the learns at which the detector alone finds drift."""
    detector, seqs = kind(), []
    for seq, error in enumerate(errors, start=1):
        detector.update(error)  # type: ignore[attr-defined]
        if detector.drift_detected:  # type: ignore[attr-defined]
            seqs.append(seq)
    return seqs


@pytest.fixture
def reported() -> list[DriftAlert]:
    return []


@pytest.fixture
def follower(reported: list[DriftAlert]) -> Follower:
    return following(reported)


def following(reported: list[DriftAlert], *, hears: bool = True) -> Follower:
    """Return a follower; one that does not hear of learns reads them from the journal."""
    follower = Follower(report=reported.extend, clock=Clock(now=lambda: NOW, monotonic=lambda: NOW))
    hooks.scores.listeners[:] = [follower.scored] if hears else []
    return follower


@pytest.fixture(autouse=True)
def callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own."""
    monkeypatch.setattr(hooks.scores, "listeners", [])


def learn(instance: Instance, truths: Sequence[GroundTruth], *, start: int = 0) -> None:
    """Have `m` predict and learn, some records a commit."""
    commands: list[Command] = []
    for number, truth in enumerate(truths, start=start):
        commands += [
            predict_command(
                features_json=b'{"x":%d}' % number, prediction_id=f"p{number}", model="m", now=time.time()
            ),
            learn_command(
                ground_truth=truth, prediction_id=f"p{number}", features_json=None, model="m", now=time.time()
            ),
        ]
    for first in range(0, len(commands), _AT_A_TIME):
        some = commands[first : first + _AT_A_TIME]
        futures = [command.answered_in_thread() for command in some]
        predicting.submit(some)
        for future in futures:
            future.result()


def learn_one_by_one(instance: Instance, truths: list[bool], *, start: int = 0) -> None:
    """Have `m` predict and learn, each in a commit of its own."""
    for number, truth in enumerate(truths, start=start):
        instance.predict(f"p{number}", "m", x=float(number))
        instance.learn(f"p{number}", truth)


TRUTHS = outcomes(600, 300)
# What a model gets wrong that always says False.
EXPECTED = bare([float(truth) for truth in TRUTHS])


class TestFollower:
    @pytest.mark.parametrize("hears", [True, False])
    def test_finds_what_the_detector_finds_alone(
        self, instance: Instance, reported: list[DriftAlert], hears: bool
    ) -> None:
        follower = following(reported, hears=hears)
        instance.upload("m", Stubborn())
        # The journal is read alike, however many records a commit had.
        learn_some = learn_one_by_one if hears else learn
        for start in range(0, 600, 150):
            learn_some(instance, TRUTHS[start : start + 150], start=start)
            follower.tick()

        assert EXPECTED
        assert 300 < EXPECTED[-1] < 400
        assert [alert.seq for alert in reported] == EXPECTED
        page = list_alerts(Chosen(model="m"), limit=10)
        assert [row.seq for row in page.alerts] == EXPECTED[::-1]
        alert = reported[-1]
        assert (alert.kind, alert.source, alert.detector) == ("drift", "error", "ADWIN")
        assert alert.model.name == "m"
        assert alert.value is not None
        assert 0.1 < alert.value < 0.9

    def test_goes_on_after_a_crash_and_reports_nothing_twice(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS[:400])
        follower.tick()
        n_reported = len(reported)
        learn(instance, TRUTHS[400:500], start=400)

        # Some is saved, the rest was in memory only.
        later = following(reported)
        learn(instance, TRUTHS[500:], start=500)
        later.tick()
        after_a_loss = following(reported)
        DriftState.objects.all().delete()
        after_a_loss.tick()

        assert n_reported == len(EXPECTED)
        assert [alert.seq for alert in reported] == EXPECTED

    def test_reads_a_long_absence_bit_by_bit(
        self, instance: Instance, reported: list[DriftAlert], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("monitoring.drift.following._MAX_LEARNS", 100)
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS)
        follower = following(reported, hears=False)

        follower.tick()
        n_first = len(reported)
        for _ in range(6):
            follower.tick()

        assert n_first == 0
        assert [alert.seq for alert in reported] == EXPECTED

    def test_starts_anew_with_an_upload(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS)
        follower.tick()
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS)
        follower.tick()

        assert [(alert.generation, alert.seq) for alert in reported] == [
            (generation, seq) for generation in (1, 2) for seq in EXPECTED
        ]

    @pytest.mark.parametrize("hears", [True, False])
    def test_starts_anew_after_a_rollback(
        self, instance: Instance, reported: list[DriftAlert], hears: bool
    ) -> None:
        follower = following(reported, hears=hears)
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS[:50])
        snapshotting.take_snapshot(name="m")
        learn(instance, TRUTHS[50:300])
        follower.tick()
        rolling_back.roll_back(name="m", seq=50, now=timezone.now())
        follower.tick()
        learn(instance, TRUTHS)
        follower.tick()

        assert [(alert.generation, alert.seq) for alert in reported] == [(2, 50 + seq) for seq in EXPECTED]
        assert DriftState.objects.get().generation == 2

    def test_finds_nothing_twice_where_a_rollback_comes_between_two_looks(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS)
        follower.tick()
        n_before = len(reported)
        learn(instance, TRUTHS[300:])
        rolling_back.roll_back(name="m", seq=0, now=timezone.now())
        learn(instance, TRUTHS)
        follower.tick()

        # What was learned just before the rollback is no part of what is served.
        assert [(alert.generation, alert.seq) for alert in reported[n_before:]] == [
            (2, seq) for seq in EXPECTED
        ]

    def test_watches_nothing_where_it_is_asked_to(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        set_plan(name="m", plan=None)
        learn(instance, TRUTHS)
        follower.tick()

        assert reported == []

    def test_warns_once_and_by_the_detector_that_was_chosen(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        set_plan(name="m", plan=Plan(detector="DDM", parameters={"warm_start": 60}))
        learn(instance, TRUTHS)
        follower.tick()

        drifts = [alert.seq for alert in reported if alert.kind == "drift"]
        warnings = [alert.seq for alert in reported if alert.kind == "warning"]
        assert drifts == bare([float(t) for t in TRUTHS], lambda: drift.binary.DDM(warm_start=60))
        assert any(warning < drifts[0] for warning in warnings)
        assert len(warnings) < 20

    def test_watches_a_successor_of_another_flavor_by_what_takes_its_errors(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        set_plan(name="m", plan=Plan(detector="DDM"))
        learn(instance, TRUTHS[:100])
        follower.tick()
        reported.clear()
        instance.upload("m", dummy.StatisticRegressor(stats.Mean()), flavor="regression")
        numbers = [5.0 if truth else 0.0 for truth in TRUTHS]
        mean, errors = stats.Mean(), []
        for number in numbers:
            errors.append(abs(number - mean.get()))
            mean.update(number)

        learn(instance, numbers)
        follower.tick()

        assert [alert.seq for alert in reported] == bare(errors) != []
        assert {alert.detector for alert in reported} == {"ADWIN"}

    def test_watches_predictions_and_features(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        set_plan(name="m", plan=Plan(watches_features=True, watches_prediction=True))
        rng = random.Random(1)
        shifted = [rng.gauss(0 if number < 300 else 3, 1) for number in range(600)]
        for number, value in enumerate(shifted):
            instance.predict(f"p{number}", "m", x=value, steady=rng.gauss(0, 1), word="a")
            instance.learn(f"p{number}", False)
        follower.tick()

        assert {alert.source for alert in reported} == {"feature x"}
        assert [alert.seq for alert in reported] == bare(shifted)

    def test_takes_the_absolute_error_of_a_regression(
        self, instance: Instance, reported: list[DriftAlert]
    ) -> None:
        instance.init("regression")
        follower = following(reported)
        instance.upload("m", dummy.StatisticRegressor(stats.Mean()))
        errors, mean = [], stats.Mean()
        for number in range(500):
            truth = float(number % 5 + (0 if number < 250 else 400))
            instance.predict(f"p{number}", "m", x=1.0)
            instance.learn(f"p{number}", truth)
            errors.append(abs(truth - mean.get()))
            mean.update(truth)
        follower.tick()

        assert [alert.seq for alert in reported] == bare(errors) != []

    @pytest.mark.parametrize("hears", [True, False])
    def test_takes_true_and_false_for_the_numbers_that_a_regression_learns(
        self, instance: Instance, reported: list[DriftAlert], hears: bool
    ) -> None:
        instance.init("regression")
        follower = following(reported, hears=hears)
        instance.upload("m", dummy.StatisticRegressor(stats.Mean()))
        # Seldom true, and after the change nearly always.
        errors, mean = [], stats.Mean()
        for truth in TRUTHS:
            errors.append(abs(truth - mean.get()))
            mean.update(float(truth))
        learn(instance, TRUTHS)
        follower.tick()

        assert [alert.seq for alert in reported] == bare(errors) != []

    def test_leaves_out_what_could_not_be_scored(
        self, instance: Instance, reported: list[DriftAlert]
    ) -> None:
        instance.upload("m", Silent())
        heard, read = following(reported), following(reported, hears=False)
        hooks.scores.add(heard.scored)
        learn(instance, TRUTHS)
        heard.tick()
        by_scores = [alert.seq for alert in reported]
        DriftAlert.objects.all().delete()
        DriftState.objects.all().delete()
        reported.clear()
        read.tick()

        assert by_scores == [alert.seq for alert in reported] != []

    def test_keeps_nothing_of_what_is_gone(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower
    ) -> None:
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS)
        set_plan(name="m", plan=Plan())
        follower.tick()
        uploading.delete_model(name="m")
        follower.tick()

        assert not any(table.objects.exists() for table in (DriftAlert, DriftState, DriftPlan))

    @pytest.mark.parametrize("is_hot", [True, False])
    def test_sees_nothing_that_was_undone_since_the_last_look(
        self, instance: Instance, reported: list[DriftAlert], follower: Follower, is_hot: bool
    ) -> None:
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS[:50])
        snapshotting.take_snapshot(name="m")
        follower.tick()
        learn(instance, TRUTHS[250:600], start=250)
        rolling_back.roll_back(name="m", seq=50, now=timezone.now())
        if not is_hot:
            follower = following(reported)

        follower.tick()

        (followed,) = follower._followed.values()
        assert (followed.generation, followed.watch.seq) == (2, 50)
        assert reported == []

    def test_reports_what_it_found_though_the_model_is_deleted_meanwhile(self, instance: Instance) -> None:
        names: list[str] = []

        def report(alerts: Sequence[DriftAlert]) -> None:
            uploading.delete_model(name="m")
            names.extend(alert.model.name for alert in alerts)

        follower = Follower(report=report, clock=Clock(now=lambda: NOW, monotonic=lambda: NOW))
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS)

        follower.tick()

        assert set(names) == {"m"}

    def test_lets_go_of_idle_models(
        self, instance: Instance, reported: list[DriftAlert], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [NOW]
        follower = Follower(
            report=reported.extend, clock=Clock(now=lambda: clock[0], monotonic=lambda: clock[0])
        )
        instance.upload("m", Stubborn())
        learn(instance, TRUTHS[:50])
        for _ in range(3):
            follower.tick()
            clock[0] += 1_000

        assert follower._followed == {}
        assert DriftState.objects.get().seq == 50


class TestSetPlan:
    def test_refuses_a_model_that_is_not_there(self, instance: Instance) -> None:
        with pytest.raises(ModelNotFound):
            set_plan(name="m", plan=Plan())

    def test_refuses_what_the_detector_cannot_watch(self, instance: Instance) -> None:
        instance.upload("m")

        with pytest.raises(InvalidRequest):
            set_plan(name="m", plan=Plan(detector="EDDM", watches_features=True))

        assert not DriftPlan.objects.exists()
