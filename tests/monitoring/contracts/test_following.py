"""What models are asked with is seen in the background, counted and told of."""

import json
import time
from collections.abc import Sequence

import pytest
from django.utils import timezone
from prometheus_client import Metric
from river import bandit, dummy, stats

from models_app.domain.mentions import OfFeature
from models_app.models import FeaturesSeen, PendingPrediction, ServedModel
from models_app.services import forgetting, rolling_back, snapshotting
from models_app.services.contracts import changing, reading, seeing
from models_app.services.contracts.standing import standing
from monitoring.alerting.lists import Chosen, list_alerts
from monitoring.contracts import following
from monitoring.contracts.following import Follower
from monitoring.drift import alerts
from monitoring.exposition.collecting import Collector
from monitoring.models import AlertDelivery, DriftAlert
from tests.monitoring.timepieces import Timepiece
from tests.services.contracts.test_contracts import AREA, learn, predict, refused
from tests.services.instances import Instance


class Watching:
    """A follower, what it has reported, and its clock."""

    def __init__(self) -> None:
        self.reported: list[DriftAlert] = []
        self.time = Timepiece(time.time())
        self.follower = self.another()

    def another(self) -> Follower:
        return Follower(report=self.reported.extend, clock=self.time.clock)

    def tick(self) -> list[tuple[str, str]]:
        """Tick; return the new alerts: in what, and what was wrong."""
        self.reported.clear()
        self.follower.tick()
        return [(alert.source, alert.detector) for alert in self.reported]


@pytest.fixture
def watching() -> Watching:
    return Watching()


@pytest.fixture
def m(instance: Instance) -> str:
    return instance.upload("m", dummy.StatisticRegressor(stats.Mean()), flavor="regression")


def teach(n: int = 100, **features: object) -> None:
    for number in range(n):
        learn("m", float(number), **{"area": number + 0.5, **features})


def breaches() -> dict[str, float]:
    families: Sequence[Metric] = list(Collector(max_models=10).collect())
    (family,) = [family for family in families if family.name == "chantilly_contract_breaches"]
    return {sample.labels["breach"]: sample.value for sample in family.samples if sample.value}


class TestFollower:
    def test_tells_once_of_what_is_new_after_it_has_settled(self, m: str, watching: Watching) -> None:
        teach(50)
        assert watching.tick() == []
        learn("m", 1.0, area=1.0, rooms=3)
        teach(50, rooms=2)
        assert watching.tick() == []

        learn("m", 1.0, area="large", rooms=3)
        learn("m", 1.0, area=2.0, rooms=3, city="Rome")
        learn("m", 1.0, rooms=3, city="Rome")
        learn("m", 1.0, area="small", rooms=3, city="Rome")

        assert watching.tick() == [
            ("feature area", "not of its kind: string"),
            ("feature city", "new: string"),
            ("feature area", "missing"),
        ]
        assert watching.tick() == []
        newest = list_alerts(Chosen(model="m"), limit=10).alerts[0]
        assert (newest.kind, newest.seq, newest.value) == ("contract", 104, 105)
        assert breaches() == {"kind": 1, "new": 1, "missing": 1}

    def test_logs_what_it_tells_of(
        self, m: str, watching: Watching, caplog: pytest.LogCaptureFixture
    ) -> None:
        changing.set_contract(name="m", schema=AREA)
        learn("m", 1.0, area=1.0, **{"x\nroot: all is lost": 3})
        watching.tick()

        alerts.report(watching.reported)

        (record,) = caplog.records
        assert (
            record.getMessage() == r"contract in 'm': 'feature x\nroot: all is lost': new: number, at learn 1"
        )

    def test_sees_predictions_that_await_their_truth_once(self, m: str, watching: Watching) -> None:
        teach(100)
        watching.tick()

        predict("m", "a", area="large")
        assert watching.tick() == [("feature area", "not of its kind: string")]
        changing.set_contract(name="m", schema=AREA)
        predict("m", "b", area=None)
        assert watching.tick() == [("feature area", "not of its kind: null")]
        for prediction_id in ("a", "b"):
            Instance().learn(prediction_id, 1.0)

        assert watching.tick() == []
        assert reading.get_contract(name="m").seen.n == 102
        assert breaches() == {"kind": 2}

    def test_sees_what_came_at_once_in_its_order(self, m: str, watching: Watching) -> None:
        teach(100)
        learn("m", 1.0, area="large")
        predict("m", "a", area=None)

        assert watching.tick() == [
            ("feature area", "not of its kind: string"),
            ("feature area", "not of its kind: null"),
        ]
        # Who asks reads on from where it was written down.
        assert reading.get_contract(name="m").seen.n == 102

    def test_counts_all_that_a_frozen_contract_has_not(self, m: str, watching: Watching) -> None:
        changing.set_contract(name="m", schema=AREA)
        for _ in range(3):
            learn("m", 1.0, area=1.0, rooms=3)

        assert watching.tick() == [("feature rooms", "new: number")]
        assert breaches() == {"new": 3}

        changing.set_contract(name="m", schema=AREA)
        learn("m", 1.0, area=1.0, rooms=3)
        assert watching.tick() == [("feature rooms", "new: number")]

    def test_has_strict_models_held_to_what_it_has_seen(self, m: str, watching: Watching) -> None:
        changing.change_contract(name="m", is_strict=True)
        teach(99)
        watching.tick()
        assert refused("m", area=1.0, rooms=3) == []

        teach(1)
        watching.tick()
        standing.refresh()

        assert refused("m", area=1.0, rooms=3) == ["rooms: is none of the features of the contract"]

    def test_goes_on_where_it_was(self, m: str, watching: Watching) -> None:
        teach(30)
        watching.tick()
        assert not FeaturesSeen.objects.exists()
        watching.time.go_on(61)
        teach(5)
        watching.tick()
        assert FeaturesSeen.objects.get().seq == 35

        watching.follower = watching.another()
        teach(5)
        watching.tick()
        watching.time.go_on(61)
        watching.tick()

        assert json.loads(FeaturesSeen.objects.get().seen)["n"] == 40

    def test_looks_at_the_newest_only_after_a_long_absence(
        self, m: str, watching: Watching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(seeing, "MAX_LEARNS", 10)
        teach(30)
        watching.tick()

        seen = reading.get_contract(name="m").seen
        assert (seen.n, seen.n_skipped, seen.features["area"].minimum) == (10, 20, 20.5)

    def test_keeps_what_was_seen_after_a_rollback_and_not_after_an_upload(
        self, m: str, instance: Instance, watching: Watching
    ) -> None:
        teach(20)
        snapshotting.take_snapshot(name="m")
        teach(100)
        watching.tick()
        rolling_back.roll_back(name="m", seq=20, generation=None, now=timezone.now())
        teach(1)
        watching.tick()
        assert reading.get_contract(name="m").seen.n == 121

        instance.upload("m", dummy.StatisticRegressor(stats.Mean()), flavor="regression")
        assert reading.get_contract(name="m").schema is None
        teach(1, other=2)
        assert watching.tick() == []
        assert list(reading.get_contract(name="m").seen.features) == ["area", "other"]

    def test_keeps_nothing_of_what_is_forgotten(self, m: str, watching: Watching) -> None:
        teach(99)
        learn("m", 1.0, area=1e6)
        watching.tick()
        assert FeaturesSeen.objects.exists()

        forgetting.forget(name="m", mention=OfFeature("area", [1e6]), now=timezone.now())
        teach(1)
        watching.tick()
        watching.tick()

        seen = reading.get_contract(name="m").seen
        assert seen.features["area"].maximum == 0.5
        assert reading.get_contract(name="m").schema is not None

    def test_sees_each_pull_of_a_bandit_once(self, instance: Instance, watching: Watching) -> None:
        instance.upload("m", bandit.EpsilonGreedy(0.5, seed=1), flavor="bandit")
        for number in range(5):
            instance.ask(f"p{number}", "m", arms=["a", "b"], features={"hour": number})
        instance.learn("p1", 1.0)
        watching.tick()

        seen = reading.get_contract(name="m").seen
        assert (seen.n, seen.features["hour"].maximum) == (5, 4)

    def test_lets_go_of_what_is_deleted(self, m: str, instance: Instance, watching: Watching) -> None:
        teach(20)
        watching.tick()
        ServedModel.objects.all().delete()
        watching.time.go_on(61)

        assert watching.tick() == []
        instance.init("regression")
        watching.follower.erase()
        assert not PendingPrediction.objects.exists()
        assert not AlertDelivery.objects.exists()

    def test_takes_little_time_and_goes_on_with_the_other_models(
        self, instance: Instance, watching: Watching, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(following, "_MAX_SECONDS", -1.0)
        for name in ("a", "b", "m"):
            instance.upload(name, dummy.StatisticRegressor(stats.Mean()), flavor="regression")
            changing.set_contract(name=name, schema=AREA)
            learn(name, 1.0, rooms=3)

        told: list[set[str]] = []
        for _ in range(4):
            watching.tick()
            told.append({alert.model.name for alert in watching.reported})

        assert [len(names) for names in told] == [1, 1, 1, 0]
        assert set().union(*told) == {"a", "b", "m"}
