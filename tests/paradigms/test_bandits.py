import copy
import math
import pickle
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from river import bandit, preprocessing, proba

from models_app.domain.comparisons import compare
from models_app.domain.errors import InvalidRequest
from models_app.paradigms import pulls, trials
from models_app.paradigms.bandits import BANDIT
from models_app.paradigms.pulls import Arm

ARMS: list[Arm] = ["a", "b", 3, "3"]
CONTEXT = {"x": 0.5, "y": -1.0}
POLICIES: dict[str, Callable[[], Any]] = {
    "EpsilonGreedy": lambda: bandit.EpsilonGreedy(0.3, decay=0.01, seed=1),
    "EpsilonGreedy burning in": lambda: bandit.EpsilonGreedy(0.3, burn_in=3, seed=1),
    "UCB": lambda: bandit.UCB(1.0, seed=1),
    "UCB, scaled": lambda: bandit.UCB(1.0, reward_scaler=preprocessing.TargetStandardScaler(None), seed=1),
    "BayesUCB": lambda: bandit.BayesUCB(seed=1),
    "ThompsonSampling": lambda: bandit.ThompsonSampling(proba.Beta(), seed=1),
    "Exp3": lambda: bandit.Exp3(0.4, seed=1),
    "RandomPolicy": lambda: bandit.RandomPolicy(seed=1),
    "LinUCBDisjoint": lambda: bandit.LinUCBDisjoint(seed=1),
}


def rewarded(arm: Arm, draw: random.Random) -> int:
    """Return 1 with a probability of the arm's own."""
    return int(draw.random() < 0.2 + 0.2 * ARMS.index(arm))


def ask(policy: Any, arms: list[Arm] = ARMS) -> dict[str, Any]:
    answered: Any = BANDIT.normalize(BANDIT.predictor(policy)({"arms": arms, "features": CONTEXT}))
    assert list(answered) == ["arm", "propensity"]
    return dict(answered)


def teach(policy: Any, pulled: dict[str, Any], reward: Any) -> None:
    x = BANDIT.taught({"arms": ARMS, "features": CONTEXT}, pulled)
    BANDIT.learner(policy)(x, reward)


def grown(make: Callable[[], Any], n: int = 60) -> Any:
    policy, draw = make(), random.Random(2)
    for _ in range(n):
        pulled = ask(policy)
        teach(policy, pulled, rewarded(pulled["arm"], draw))
    return policy


@pytest.fixture(params=POLICIES)
def make(request: pytest.FixtureRequest) -> Callable[[], Any]:
    return POLICIES[request.param]


class TestEachPolicy:
    def test_pulls_and_learns_as_river_does(self, make: Callable[[], Any]) -> None:
        bare, served, draw = make(), make(), random.Random(2)
        contextual = isinstance(bare, bandit.base.ContextualPolicy)
        for _ in range(80):
            arm = bare.pull(ARMS, CONTEXT) if contextual else bare.pull(ARMS)
            pulled = ask(served)
            assert pulled["arm"] == arm
            assert type(pulled["arm"]) is type(arm)
            reward = rewarded(arm, draw)
            bare.update(*((arm, CONTEXT, reward) if contextual else (arm, reward)))
            teach(served, pulled, reward)

        assert compare(bare, served).difference is None

    def test_says_how_probable_its_pull_was(self, make: Callable[[], Any]) -> None:
        policy, n = grown(make), 2_000
        # Each pull once more, from where the policy is now.
        shares = {arm: pulls.pull(copy.deepcopy(policy), ARMS, CONTEXT)[1](arm) for arm in ARMS}
        pulled = Counter(ask(policy)["arm"] for _ in range(n))

        assert sum(share or 0.0 for share in shares.values()) == pytest.approx(1.0, abs=1e-3)
        for arm, share in shares.items():
            assert share is not None
            assert abs(pulled[arm] / n - share) <= 4 * math.sqrt(share * (1 - share) / n) + 1e-3

    def test_is_taken_at_an_upload(self, make: Callable[[], Any]) -> None:
        found = trials.run(pickle.dumps(make()), "auto", lambda *_: None)

        assert found == trials.TrialResult(flavor="bandit")


class TestPropensity:
    def test_is_one_while_arms_burn_in(self) -> None:
        policy = bandit.EpsilonGreedy(0.5, burn_in=1, seed=1)

        assert ask(policy) == {"arm": "a", "propensity": 1.0}

    def test_is_one_in_four_among_four_that_are_equally_good(self) -> None:
        assert ask(bandit.UCB(1.0, seed=1))["propensity"] == 0.25
        assert ask(bandit.LinUCBDisjoint(seed=1))["propensity"] == 0.25

    def test_of_normal_posteriors_is_known_once_they_have_a_variance(self) -> None:
        policy = bandit.ThompsonSampling(proba.Gaussian(), seed=1)

        assert ask(policy)["propensity"] is None
        for number in range(8):
            teach(policy, {"arm": ARMS[number % 4], "propensity": None}, 0.1 * number)

        assert 0 < ask(policy)["propensity"] < 1

    def test_is_not_known_of_what_pulls_in_its_own_way(self) -> None:
        class Own(bandit.EpsilonGreedy):  # type: ignore[misc]  # River has no types
            def _pull(self, arm_ids: list[Arm]) -> Arm:
                return arm_ids[0]

        class Plain:
            def pull(self, arms: list[Arm]) -> Arm:
                return arms[-1]

        assert ask(Own(0.1)) == {"arm": "a", "propensity": None}
        assert ask(Plain()) == {"arm": "3", "propensity": None}


class TestCompiledPolicies:
    def test_are_asked_without_a_context(self) -> None:
        class Largest:
            # It has no signature.
            pull = staticmethod(max)

        assert not pulls.is_contextual(Largest())
        assert ask(Largest(), [3, 7, 5]) == {"arm": 7, "propensity": None}


class TestLateRewards:
    def test_weigh_with_the_probability_of_their_own_pull(self) -> None:
        policy = bandit.Exp3(0.5, seed=1)
        first = ask(policy)
        others = [arm for arm in ARMS if arm != first["arm"]]
        # The last pull knows nothing of that arm.
        ask(policy, others)

        teach(policy, first, 1.0)

        assert policy._weights[first["arm"]] == pytest.approx(math.exp(0.5 * (1 / 0.25) / 4))

    def test_of_an_arm_that_was_not_pulled_are_refused(self) -> None:
        assert BANDIT.misfit({"arm": 3}, {"a": 1.0}) == "has no reward of the arm pulled, 3"
        assert BANDIT.misfit({"arm": 3}, {"3": 1.0}) is BANDIT.misfit({"arm": 3}, 0.0) is None

    def test_of_all_arms_give_the_regret(self) -> None:
        metrics = {type(metric).__name__: metric for metric in BANDIT.new_metrics()}
        for truth in ({"a": 1.0, "3": 4.0}, 2.0, True):
            for pair in BANDIT.pairs(truth, {"arm": "a", "propensity": 0.5}):
                for metric in metrics.values():
                    metric.update(*pair)

        assert metrics.pop("ArmShares").parts() == {"Share[a]": 1.0}
        values = {name: metric.get() for name, metric in metrics.items()}
        assert values == {
            "MeanReward": pytest.approx(4 / 3), "CumulativeReward": 4.0, "RewardedPulls": 3.0, "Regret": 3.0,
        }  # fmt: skip


class TestRequests:
    @pytest.mark.parametrize(
        ("members", "refused"),
        [
            ({}, {"arms": ["required field"]}),
            ({"arms": []}, {"arms": ["must be a list of arms, not empty"]}),
            ({"arms": "abc"}, {"arms": ["must be a list of arms, not empty"]}),
            ({"arms": ["a", 1.5]}, {"arms": ["must be strings or integers"]}),
            ({"arms": ["a", True]}, {"arms": ["must be strings or integers"]}),
            ({"arms": ["a", []]}, {"arms": ["must be strings or integers"]}),
            ({"arms": ["a", "a"]}, {"arms": ["must not have an arm twice"]}),
            ({"arms": ["a"], "arm": "a"}, {"arm": ["only where a model learns"]}),
            ({"arms": ["a"], "user": 1}, {"user": ["not taken by the flavor 'bandit'"]}),
        ],
    )
    def test_to_pull_are_refused(self, members: dict[str, Any], refused: object) -> None:
        with pytest.raises(InvalidRequest) as caught:
            BANDIT.check_members(members, learns=False)

        assert caught.value.message == refused

    @pytest.mark.parametrize(
        ("members", "refused"),
        [
            ({}, {"arm": ["required field"]}),
            ({"arm": 1.0}, {"arm": ["must be a string or an integer"]}),
            ({"arm": 1, "arms": ["1"]}, {"arm": ["must be one of 'arms'"]}),
            ({"arm": 1, "propensity": 0}, {"propensity": ["must be a number above 0, at most 1"]}),
            ({"arm": 1, "propensity": True}, {"propensity": ["must be a number above 0, at most 1"]}),
        ],
    )
    def test_to_learn_are_refused(self, members: dict[str, Any], refused: object) -> None:
        with pytest.raises(InvalidRequest) as caught:
            BANDIT.check_members(members, learns=True)

        assert caught.value.message == refused

    def test_are_taken(self) -> None:
        BANDIT.check_members({"arms": ["a", 1, "1"]}, learns=False)
        BANDIT.check_members({"arm": 1, "features": {"x": 1}, "propensity": 0.5}, learns=True)
