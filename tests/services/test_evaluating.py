"""Bandits in the journal: another policy is estimated from it, and what is missing is rewarded."""

import io
import json
import pickle
import random
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from river import bandit, linear_model

from models_app.domain.errors import (
    EvaluationsBusy,
    InvalidRequest,
    ModelNotFound,
    ModelNotSuitable,
    ModelRaised,
)
from models_app.models import PendingPrediction
from models_app.services import evaluating, measuring
from models_app.services.showing import keep_features
from models_app.wire.commands import learn_command, predict_command
from tests.own_models import Indiscreet
from tests.services.instances import Instance

CLICKS = {"a": 0.2, "b": 0.5, "c": 0.8}
ARMS = list(CLICKS)


def pull(instance: Instance, prediction_id: str, *, at: float | None = None) -> str:
    _, prediction = instance._ask(
        predict_command(
            features_json=None,
            members={"arms": ARMS},
            prediction_id=prediction_id,
            model="served",
            now=time.time() if at is None else at,
        )
    )
    arm: str = prediction["arm"]
    return arm


def learn_elsewhere(instance: Instance, **members: object) -> None:
    command = learn_command(
        ground_truth=1.0,
        prediction_id=None,
        features_json=None,
        members=members,
        model="served",
        now=time.time(),
    )
    instance._ask(command)


def serve(instance: Instance, seed: int, n: int = 300) -> None:
    """Let a policy pull and learn; the rewards come late."""
    instance.upload("served", bandit.EpsilonGreedy(0.8, decay=0.002, seed=seed), flavor="bandit")
    draw, pulled = random.Random(seed), []
    for number in range(n):
        pulled.append(pull(instance, f"{seed} {number}"))
        if number >= 5:
            clicked = draw.random() < CLICKS[pulled[number - 5]]
            instance.learn(f"{seed} {number - 5}", int(clicked))


def best() -> Any:
    """Return a policy that knows by now which arm is the best."""
    policy = bandit.EpsilonGreedy(0.1, seed=1)
    for arm, share in CLICKS.items():
        policy.update(arm, share)
    return policy


class TestEvaluate:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_comes_near_the_truth(self, instance: Instance, seed: int) -> None:
        serve(instance, seed)
        truths = [(bandit.RandomPolicy(seed=1), 0.5), (best(), 0.9 * 0.8 + 0.1 * 0.5)]

        for policy, truth in truths:
            found = evaluating.evaluate_policy(model="served", data=pickle.dumps(policy))

            assert found.estimates.n == 295
            assert found.estimates.is_covered
            for estimate in (found.estimates.ips, found.estimates.snips, found.estimates.doubly_robust):
                assert abs(estimate.value - truth) < 4 * estimate.standard_error
                assert 0 < estimate.standard_error < 0.15

    def test_leaves_out_what_lacks_something(self, instance: Instance) -> None:
        instance.upload("served", bandit.UCB(1.0, seed=1), flavor="bandit")
        learn_elsewhere(instance, arm="a", arms=ARMS, propensity=0.5)
        learn_elsewhere(instance, arm="a", arms=ARMS)
        learn_elsewhere(instance, arm="a", propensity=0.5)

        found = evaluating.evaluate_policy(model="served", data=pickle.dumps(bandit.RandomPolicy()))

        assert (found.estimates.n, found.n_without_propensity, found.n_without_arms) == (1, 1, 1)
        assert found.estimates.ips.value == pytest.approx(2 / 3)

    def test_refuses_what_is_no_policy(self, instance: Instance) -> None:
        instance.upload("plain")
        instance.upload("served", bandit.UCB(1.0), flavor="bandit")

        with pytest.raises(ModelNotSuitable, match="'plain' is of the flavor 'binary'"):
            evaluating.evaluate_policy(model="plain", data=pickle.dumps(best()))
        no_policy = pickle.dumps(linear_model.LinearRegression())
        with pytest.raises(ModelNotSuitable):
            evaluating.evaluate_policy(model="served", data=no_policy)
        with pytest.raises(ModelNotFound):
            evaluating.evaluate_policy(model="nobody", data=pickle.dumps(best()))

    def test_is_printed_by_its_command(self, instance: Instance, tmp_path: Path) -> None:
        instance.upload("served", bandit.UCB(1.0, seed=1), flavor="bandit")
        for number in range(4):
            learn_elsewhere(instance, arm="a", arms=ARMS, propensity=1.0, features={"x": number})
        file = tmp_path / "other.pkl"
        file.write_bytes(pickle.dumps(bandit.RandomPolicy(seed=1)))
        out, err = io.StringIO(), io.StringIO()

        call_command("evaluate_policy", "served", str(file), stdout=out, stderr=err)

        assert out.getvalue().splitlines() == [
            "served policy  1.000000 ± 0.000000",
            "IPS            0.333333 ± 0.000000",
            "SNIPS          1.000000 ± 0.000000",
            "doubly robust  0.833333 ± 0.166667",
            "Rewards used: 4, worth 4 of the policy's own.",
        ]
        assert "pulls arms that were hardly ever pulled" in err.getvalue()


class TestEvaluateNamed:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_comes_near_the_truth(self, instance: Instance, seed: int) -> None:
        serve(instance, seed)
        instance.upload("best", best(), flavor="bandit")
        truths = {"uniform": 0.5, "arm:a": 0.2, "arm:c": 0.8, "model:best": 0.9 * 0.8 + 0.1 * 0.5}

        for policy, truth in truths.items():
            found = evaluating.evaluate_named(model="served", policy=policy)

            assert (found.estimates.n, found.n_records, found.notes) == (295, 595, []), policy
            for estimate in (found.estimates.ips, found.estimates.snips, found.estimates.doubly_robust):
                assert abs(estimate.value - truth) < 4 * estimate.standard_error, policy
                assert 0 < estimate.standard_error < 0.15, policy

    def test_of_a_model_asks_it_as_it_is_and_changes_nothing(self, instance: Instance) -> None:
        serve(instance, 1, n=30)
        instance.upload("other", bandit.EpsilonGreedy(0.1, seed=1), flavor="bandit")
        command = learn_command(
            ground_truth=1.0,
            prediction_id=None,
            features_json=None,
            members={"arm": "b"},
            model="other",
            now=1.0,
        )
        instance._ask(command)
        before = instance.state("other")
        knows = bandit.EpsilonGreedy(0.1, seed=1)
        knows.update("b", 1.0)

        found = evaluating.evaluate_named(model="served", policy="model:other")

        assert (
            found.estimates == evaluating.evaluate_policy(model="served", data=pickle.dumps(knows)).estimates
        )
        assert instance.state("other") == before

    def test_reads_the_newest_records(self, instance: Instance) -> None:
        instance.upload("served", bandit.UCB(1.0, seed=1), flavor="bandit")
        for _ in range(30):
            learn_elsewhere(instance, arm="a", arms=ARMS, propensity=0.5)

        found = evaluating.evaluate_named(model="served", policy="uniform", n_records=10)

        assert (found.estimates.n, found.n_records, found.is_cut) == (10, 10, False)

    def test_ends_when_its_time_is_over(self, instance: Instance) -> None:
        instance.upload("served", bandit.UCB(1.0, seed=1), flavor="bandit")
        learn_elsewhere(instance, arm="a", arms=ARMS, propensity=0.5)

        found = evaluating.evaluate_named(model="served", policy="uniform", seconds=-1.0)

        assert (found.estimates.n, found.n_records, found.is_cut) == (0, 0, True)
        assert found.notes == ["There was no time for more than 0 records, the oldest of those asked for."]

    def test_leaves_out_pulls_where_an_arm_was_not_offered(self, instance: Instance) -> None:
        instance.upload("served", bandit.UCB(1.0, seed=1), flavor="bandit")
        learn_elsewhere(instance, arm=3, arms=[3, "3"], propensity=0.5)
        learn_elsewhere(instance, arm="a", arms=["a", "3"], propensity=0.5)

        three, text = (
            evaluating.evaluate_named(model="served", policy=policy) for policy in ("arm:3", 'arm:"3"')
        )

        assert (three.estimates.n, three.n_not_offered, three.estimates.ips.value) == (1, 1, 2.0)
        assert (text.estimates.n, text.n_not_offered, text.estimates.ips.value) == (2, 0, 0.0)
        assert three.notes == ["Left out 1 reward: the policy's arm was not among those to pull."]

    @pytest.mark.parametrize("policy", ["", "best", "arm:", "model:", "model:nobody"])
    def test_refuses_what_names_no_policy(self, instance: Instance, policy: str) -> None:
        instance.upload("served", bandit.UCB(1.0), flavor="bandit")

        with pytest.raises(InvalidRequest) as refused:
            evaluating.evaluate_named(model="served", policy=policy)

        assert list(refused.value.message) == ["policy"]

    def test_refuses_models_that_pull_nothing_and_more_than_two_at_a_time(
        self, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        instance.upload("plain")
        instance.upload("served", bandit.UCB(1.0), flavor="bandit")
        for model, policy in (("plain", "uniform"), ("served", "model:plain")):
            with pytest.raises(ModelNotSuitable, match="'plain' is of the flavor 'binary'"):
                evaluating.evaluate_named(model=model, policy=policy)
        monkeypatch.setattr(evaluating, "_places", threading.BoundedSemaphore(1))
        evaluating.evaluate_named(model="served", policy="uniform")

        with evaluating._places, pytest.raises(EvaluationsBusy):
            evaluating.evaluate_named(model="served", policy="uniform")

    @pytest.mark.parametrize(
        ("way", "said"),
        [("all", "ValueError('knows nothing of Ann')"), ("none", "ValueError (its text is not shown)")],
    )
    def test_says_nothing_of_features_that_are_not_shown(
        self, instance: Instance, way: str, said: str
    ) -> None:
        instance.upload("served", bandit.EpsilonGreedy(0.1), flavor="bandit")
        instance.upload("other", Indiscreet(0.1), flavor="bandit")
        keep_features(name="served", way=way)
        learn_elsewhere(instance, arms=ARMS, arm="a", propensity=0.5, features={"who": "Ann"})

        with pytest.raises(ModelRaised) as refused:
            evaluating.evaluate_named(model="served", policy="model:other")

        assert refused.value.message == said


class TestRewardMissing:
    def test_learns_those_that_are_late_and_no_others(self, instance: Instance) -> None:
        instance.upload("served", bandit.EpsilonGreedy(0.5, seed=1), flavor="bandit")
        now = time.time()
        for number in range(4):
            pull(instance, str(number), at=now - 3600 + number)
        pull(instance, "new", at=now)
        instance.learn("2", 1.0)
        out = io.StringIO()

        call_command("reward_missing", "--model", "served", "--after", "30m", "--reward", "-0.5", stdout=out)

        assert out.getvalue() == "Rewarded 3 pulls with -0.5.\n"
        assert list(PendingPrediction.objects.values_list("pk", flat=True)) == ["new"]
        metrics = measuring.model_metrics(name="served")
        assert metrics["RewardedPulls"] == 4.0
        assert metrics["CumulativeReward"] == -0.5

    def test_refuses_what_is_no_reward_of_the_model(self, instance: Instance) -> None:
        instance.upload("plain")
        instance.predict("1", "plain", at=(timezone.now() - timedelta(days=1)).timestamp())

        with pytest.raises(CommandError, match="must be true or false"):
            call_command("reward_missing", "--model", "plain", "--after", "1h", "--reward", "0.5")

        assert json.loads(PendingPrediction.objects.get().features) == {"x": 1.0}
