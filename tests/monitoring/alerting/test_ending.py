from collections.abc import Sequence

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from river import dummy, stats

from models_app.models import ServedModel
from models_app.services import rolling_back
from models_app.services.contracts import changing
from monitoring.alerting.ending import Ender, end_of_contract
from monitoring.contracts.following import Follower
from monitoring.drift.planning import set_plan
from monitoring.drift.watches import Plan
from monitoring.models import DriftAlert
from tests.monitoring.alerting.alerts import opened
from tests.services.contracts.test_contracts import AREA, learn
from tests.services.instances import Instance

QUIET = 20


@pytest.fixture(autouse=True)
def m(instance: Instance, settings: pytest.FixtureRequest) -> str:
    settings.ALERT_QUIET_LEARNS = QUIET  # type: ignore[attr-defined]
    return instance.upload("m", flavor="regression", model=regressor())


def regressor() -> object:
    return dummy.StatisticRegressor(stats.Mean())


class Ending:
    """An ender, what it has reported, and what it asks."""

    def __init__(self) -> None:
        self.reported: list[DriftAlert] = []
        self.detected: int | None = None
        self.seen: tuple[int, int] | None = None
        self.ender = Ender(
            detected=lambda _: self.detected, contracts=lambda _: self.seen, report=self.reported.extend
        )

    def tick(self) -> list[tuple[int, str]]:
        """Return what is over now, with why."""
        self.reported.clear()
        self.ender.tick()
        return [(alert.seq, alert.resolution) for alert in self.reported]


@pytest.fixture
def ending() -> Ending:
    return Ending()


def teach(n: int) -> None:
    for number in range(n):
        learn("m", float(number), area=number + 0.5)


class TestEnder:
    def test_resolves_drift_after_a_window_of_quiet(self, ending: Ending) -> None:
        teach(5)
        opened(seq=1)
        opened(seq=5, kind="warning")
        opened(seq=2, source="prediction")
        teach(QUIET - 3)

        assert ending.tick() == [(2, "quiet for 20 learns")]
        teach(3)

        assert ending.tick() == [(1, "quiet for 20 learns"), (5, "quiet for 20 learns")]
        assert ending.tick() == []

    def test_waits_for_detectors_that_are_behind(self, ending: Ending) -> None:
        opened(seq=1)
        teach(QUIET + 1)
        ending.detected = QUIET

        assert ending.tick() == []
        ending.detected = QUIET + 1

        assert ending.tick() == [(1, "quiet for 20 learns")]

    def test_resolves_what_was_found_before_an_upload(self, instance: Instance, ending: Ending) -> None:
        teach(2)
        opened(seq=1)
        opened(seq=2, kind="contract")
        instance.upload("m", flavor="regression", model=regressor())

        assert ending.tick() == [(1, "ended by an upload"), (2, "ended by an upload")]

    def test_resolves_what_was_found_before_a_rollback(self, ending: Ending) -> None:
        teach(4)
        opened(seq=3)
        assert ending.tick() == []

        rolling_back.roll_back(name="m", seq=0, now=timezone.now())

        assert ending.tick() == [(3, "ended by a rollback")]

    def test_resolves_faults_after_as_many_records_without_any(self, ending: Ending) -> None:
        opened(seq=1, kind="contract", source="feature area", detector="missing")

        steps: Sequence[tuple[tuple[int, int] | None, int]] = [
            ((100, 1), 0), ((119, 1), 0), ((125, 2), 0), ((144, 2), 0), (None, 0), ((145, 2), 1),
        ]  # fmt: skip
        for seen, n in steps:
            ending.seen = seen
            assert len(ending.tick()) == n

    def test_asks_once_where_nothing_stands(
        self, ending: Ending, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(2):
            ending.ender.tick()


class TestAnotherPlan:
    def test_ends_what_was_found_by_the_one_before(self, ending: Ending) -> None:
        drift, fault = opened(), opened(kind="contract")

        set_plan(name="m", plan=Plan(detector="PageHinkley"))

        for alert in (drift, fault):
            alert.refresh_from_db()
        assert (drift.resolution, fault.state) == ("another drift plan", "open")


class TestAnotherContract:
    def test_ends_the_faults_by_the_one_before(self) -> None:
        ended: list[int] = []

        def contract_changed(model_id: int) -> None:
            ended.extend(alert.pk for alert in end_of_contract(model_id, now=timezone.now()))

        follower = Follower(report=lambda _: None, contract_changed=contract_changed)
        changing.set_contract(name="m", schema=AREA)
        learn("m", 1.0, area=1.0, rooms=3)
        follower.tick()
        found = DriftAlert.objects.get()
        assert found.detector == "new: number"

        changing.set_contract(
            name="m", schema={**AREA, "properties": {"area": {"type": "number"}, "rooms": {"type": "string"}}}
        )
        learn("m", 1.0, area=1.0, rooms=3)
        follower.tick()

        assert ended == [found.pk]
        assert ServedModel.objects.count() == 1
