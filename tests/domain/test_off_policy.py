import math
import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.domain.off_policy import Estimate, Pull, estimate, mean_over
from models_app.domain.reward_models import RewardModel

ARMS = ("a", "b", "c")
PROBABILITIES = st.floats(0.01, 1.0)
PULLS = st.builds(
    Pull,
    reward=st.floats(-100, 100),
    propensity=PROBABILITIES,
    share=st.floats(0.0, 1.0),
    expected=st.floats(-100, 100),
    expected_other=st.floats(-100, 100),
)


def earned(arm: str, x: float) -> float:
    """Return what an arm earns in the mean, given the context."""
    return {"a": 0.2 + 0.5 * x, "b": 0.6 - 0.3 * x, "c": 0.4}[arm]


def other(x: float) -> list[float]:
    """Return the probabilities of the policy that is to be estimated."""
    return [0.7, 0.2, 0.1] if x > 0.5 else [0.1, 0.3, 0.6]


def true_value() -> float:
    """Return what the other policy earns in the mean; x is even between 0 and 1."""
    xs = [(number + 0.5) / 1_000 for number in range(1_000)]
    return sum(mean_over(other(x), [earned(arm, x) for arm in ARMS]) for x in xs) / 1_000


def served(draw: random.Random, n: int) -> Iterator[Pull]:
    """Yield the pulls of a policy that goes on learning, epsilon-greedy."""
    rewards, model = {arm: [0.0] for arm in ARMS}, RewardModel()
    for number in range(n):
        x = draw.random()
        epsilon = max(0.2, 0.9 - number / n)
        best = max(ARMS, key=lambda arm: sum(rewards[arm]) / len(rewards[arm]))
        shares = [epsilon / 3 + (1 - epsilon) * (arm == best) for arm in ARMS]
        index = draw.choices(range(3), weights=shares)[0]
        reward = float(draw.random() < earned(ARMS[index], x))
        rewards[ARMS[index]].append(reward)
        expected = [model.expected(arm, {"x": x}) for arm in ARMS]
        model.learn(ARMS[index], {"x": x}, reward)
        yield Pull(reward, shares[index], other(x)[index], expected[index], mean_over(other(x), expected))


class TestAgainstTheTruth:
    def test_lies_within_a_few_standard_errors(self) -> None:
        truth = true_value()
        found = [estimate(served(random.Random(seed), 1_500)) for seed in range(12)]

        for name in ("ips", "snips", "doubly_robust"):
            one_each: list[Estimate] = [getattr(each, name) for each in found]
            off = [(each.value - truth) / each.standard_error for each in one_each]
            # Of standard normal numbers: none too far out, and in the mean none to a side, nor too small.
            assert max(map(abs, off)) < 4, name
            assert abs(sum(off)) / math.sqrt(len(off)) < 3, name
            assert 0.5 < math.sqrt(sum(each**2 for each in off) / len(off)) < 1.8, name
        assert all(each.is_covered for each in found)

    def test_is_closer_where_a_model_of_rewards_helps(self) -> None:
        found = estimate(served(random.Random(1), 3_000))

        assert found.doubly_robust.standard_error < found.ips.standard_error

    def test_is_not_covered_where_arms_were_never_pulled(self) -> None:
        found = estimate([Pull(1.0, 1.0, 0.4)] * 50)

        assert not found.is_covered
        assert found.mean_weight.value == pytest.approx(0.4)
        assert found.snips.value == 1.0


class TestProperties:
    @given(st.lists(PULLS, min_size=2, max_size=30))
    def test_of_the_served_policy_itself_is_its_mean(self, pulls: list[Pull]) -> None:
        same = [Pull(each.reward, each.propensity, each.propensity) for each in pulls]

        found = estimate(same)

        for value in (found.ips, found.snips, found.doubly_robust):
            assert value.value == pytest.approx(found.served.value, abs=1e-9)
        assert found.effective_n == pytest.approx(len(pulls))
        assert found.is_covered

    @given(st.lists(PULLS, min_size=2, max_size=30), st.floats(-50, 50))
    def test_of_snips_moves_with_the_rewards_and_stays_among_them(
        self, pulls: list[Pull], shift: float
    ) -> None:
        moved = [Pull(each.reward + shift, each.propensity, each.share) for each in pulls]

        before, after = estimate(pulls).snips, estimate(moved).snips

        if math.isnan(before.value):
            assert not any(each.share for each in pulls)
            return
        rewards = [each.reward for each in pulls]
        assert after.value == pytest.approx(before.value + shift, abs=1e-6)
        assert after.standard_error == pytest.approx(before.standard_error, abs=1e-6)
        assert min(rewards) - 1e-9 <= before.value <= max(rewards) + 1e-9

    @given(st.lists(PULLS, min_size=1, max_size=30))
    def test_of_a_model_that_expects_nothing_is_that_of_ips(self, pulls: list[Pull]) -> None:
        found = estimate(Pull(each.reward, each.propensity, each.share) for each in pulls)

        assert found.doubly_robust.value == found.ips.value
        assert 0 <= found.effective_n <= len(pulls) + 1e-9

    @given(st.lists(PULLS, min_size=2, max_size=30), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order(self, pulls: list[Pull], draw: random.Random) -> None:
        mixed = pulls.copy()
        draw.shuffle(mixed)

        before, after = estimate(pulls), estimate(mixed)

        for name in ("served", "ips", "snips", "doubly_robust", "mean_weight"):
            one, two = getattr(before, name), getattr(after, name)
            np.testing.assert_allclose(
                [one.value, one.standard_error], [two.value, two.standard_error], rtol=1e-7, atol=1e-7
            )

    def test_of_nothing_is_nothing(self) -> None:
        found = estimate([])

        assert found.n == found.effective_n == 0
        assert math.isnan(found.ips.value)
        assert math.isnan(found.snips.value)


class TestRewardModel:
    def test_takes_what_features_there_are(self) -> None:
        model = RewardModel()
        for x in ({"x": 1.0, "colour": "red", "tags": ["a"], "none": None}, "a text", None, {}):
            model.learn(1, x, 1.0)
            assert model.expected(1, x) == 1.0

        assert model.expected("1", {}) == 1.0
