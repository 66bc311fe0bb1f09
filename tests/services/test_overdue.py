"""Pulls that wait for too long are rewarded in the background."""

import logging
import time

import pytest
from pytest_django import Settings
from river import bandit, linear_model

from models_app.models import PendingPrediction
from models_app.services import measuring, overdue
from models_app.services.overdue import Overdue
from tests.own_models import Choosy
from tests.services.instances import Instance

ARMS = ["a", "b"]


@pytest.fixture(autouse=True)
def deadline(settings: Settings) -> None:
    settings.BANDIT_REWARD_SECONDS = 60.0
    settings.BANDIT_DEFAULT_REWARD = -0.5


def serve(instance: Instance, name: str = "served", policy: object | None = None) -> None:
    instance.upload(name, policy or bandit.EpsilonGreedy(0.5, seed=1), flavor="bandit")


def pull(instance: Instance, prediction_id: str, *, age: float, name: str = "served") -> None:
    instance.ask(prediction_id, name, at=time.time() - age, arms=ARMS)


def pending() -> set[str]:
    return set(PendingPrediction.objects.values_list("pk", flat=True))


def run(rewarding: Overdue, *, ticks: int = 3) -> None:
    """Tick, and wait each time for what is under way."""
    for _ in range(ticks):
        rewarding.tick()
        for of_model in rewarding._of_model.values():
            if of_model._under_way is not None:
                of_model._under_way.result(timeout=30)


class TestOverdue:
    def test_learn_the_default_reward(self, instance: Instance) -> None:
        serve(instance)
        for number in range(3):
            pull(instance, f"old {number}", age=120)
        pull(instance, "new", age=5)
        pull(instance, "rewarded", age=120)
        instance.learn("rewarded", 1.0)

        run(Overdue())

        assert pending() == {"new"}
        metrics = measuring.model_metrics(name="served")
        assert (metrics["RewardedPulls"], metrics["CumulativeReward"]) == (4.0, -0.5)
        instance.learn("new", 2.0)
        assert measuring.model_metrics(name="served")["CumulativeReward"] == 1.5

    def test_are_left_alone_without_a_deadline(self, instance: Instance, settings: Settings) -> None:
        settings.BANDIT_REWARD_SECONDS = 0.0
        serve(instance)
        pull(instance, "old", age=10_000)

        run(Overdue())

        assert pending() == {"old"}

    def test_of_other_flavors_are_left_alone(self, instance: Instance) -> None:
        instance.upload("house", linear_model.LinearRegression(), flavor="regression")
        instance.predict("p", "house", at=time.time() - 120, x=1.0)

        run(Overdue())

        assert pending() == {"p"}

    def test_are_taken_in_pieces_of_all_models(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(overdue, "_AT_A_TIME", 2)
        monkeypatch.setattr(overdue, "_MODELS_AT_A_TIME", 1)
        for name in ("one", "two"):
            serve(instance, name)
            for number in range(3):
                pull(instance, f"{name} {number}", age=120 - number, name=name)
        rewarding = Overdue()

        run(rewarding, ticks=1)
        assert pending() == {"one 2", "two 0", "two 1", "two 2"}
        run(rewarding, ticks=1)
        assert pending() == {"one 2", "two 2"}
        run(rewarding, ticks=6)

        assert pending() == set()
        assert rewarding._of_model == {}

    def test_that_the_model_refuses_do_not_keep_back_the_others(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(overdue, "_AT_A_TIME", 2)
        serve(instance, policy=Choosy(1.0, seed=1))
        arms = {
            str(number): instance.ask(str(number), "served", at=time.time() - 120 + number, arms=ARMS)["arm"]
            for number in range(9)
        }
        refused = {prediction_id for prediction_id, arm in arms.items() if arm == "b"}
        with caplog.at_level(logging.WARNING, overdue.__name__):
            run(Overdue(), ticks=8)

        assert pending() == refused
        assert 2 < len(refused) < 7
        assert "b is not to be punished" in caplog.text
        run(Overdue(), ticks=1)
        assert pending() == refused
