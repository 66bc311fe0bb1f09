"""What monitoring keeps of a model from which something is forgotten."""

import pytest
from django.utils import timezone

from models_app.domain.mentions import OfFeature, OfId
from models_app.models import ServedModel
from models_app.services import forgetting, measuring, runtime
from monitoring.drift import planning
from monitoring.drift.following import SAVE_SECONDS, Follower
from monitoring.drift.watches import Plan
from monitoring.history.sampling import SECONDS, Sampler
from monitoring.models import DriftAlert, DriftState, MetricSnapshot
from tests.monitoring.timepieces import Timepiece
from tests.services.instances import Instance, instance

__all__ = ["instance"]


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


def sample(clock: Timepiece) -> None:
    """Write down the metrics of all models, by their snapshots."""
    clock.go_on(SECONDS)
    runtime.stop_engine(seconds=10)
    Sampler(ask=measuring.ask_if_hot, clock=clock.clock).tick()


def watch(clock: Timepiece) -> None:
    """Show the detectors what was learned, and write down how far they are."""
    follower = Follower(report=lambda _: None, clock=clock.clock)
    for _ in range(2):
        follower.tick()
        clock.go_on(SAVE_SECONDS)


def alert(seq: int) -> None:
    DriftAlert.objects.create(
        model=ServedModel.objects.get(), generation=1, seq=seq, time=timezone.now(), kind="drift",
        source="feature secret", detector="ADWIN", value=7.5,
    )  # fmt: skip


class TestForget:
    def test_deletes_what_was_made_from_the_first_record_on(
        self, instance: Instance, clock: Timepiece
    ) -> None:
        instance.upload("model")
        planning.set_plan(name="model", plan=Plan(watches_features=True))
        instance.run("model", 5)
        sample(clock)
        for i in range(5):
            instance.learn_from("model", i % 2 == 0, x=float(i), z=1.0, person=i)
            sample(clock)
        watch(clock)
        for seq in (3, 7, 8):
            alert(seq)
        assert DriftState.objects.get().seq == 10

        forgetting.forget(name="model", mention=OfFeature("person", [2]), now=timezone.now())

        assert set(MetricSnapshot.objects.exclude(model=None).values_list("seq", flat=True)) == {5, 6, 7}
        assert set(DriftAlert.objects.values_list("seq", flat=True)) == {3, 7}
        assert not DriftState.objects.exists()

    def test_leaves_all_of_it_where_nothing_was_learned(self, instance: Instance, clock: Timepiece) -> None:
        instance.upload("model")
        instance.run("model", 5)
        sample(clock)
        alert(3)
        instance.predict("pending", "model", x=1.0)

        forgetting.forget(name="model", mention=OfId("pending"), now=timezone.now())

        assert MetricSnapshot.objects.exclude(model=None).get().seq == 5
        assert DriftAlert.objects.get().seq == 3
