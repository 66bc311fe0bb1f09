"""Bandits through HTTP: pulls, rewards in any order, and what a crash leaves of them."""

import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from river import bandit, linear_model, proba

from models_app.domain.comparisons import compare
from tests.servers.clients import Client
from tests.servers.conftest import Start
from tests.servers.test_flavors import upload
from tests.servers.waiting import wait_until

ARMS = ["a", "b", 3]
POLICIES: dict[str, Callable[[], Any]] = {
    "greedy": lambda: bandit.EpsilonGreedy(0.3, burn_in=2, seed=1),
    "ucb": lambda: bandit.UCB(1.0, seed=1),
    "bayes": lambda: bandit.BayesUCB(seed=1),
    "thompson": lambda: bandit.ThompsonSampling(proba.Beta(), seed=1),
    # Without a seed: a replay has to draw the same nevertheless.
    "unseeded": lambda: bandit.ThompsonSampling(proba.Beta()),
    "random": lambda: bandit.RandomPolicy(seed=1),
    "exp3": lambda: bandit.Exp3(0.4, seed=1),
    "linucb": lambda: bandit.LinUCBDisjoint(seed=1),
}
#: Of these River's own object does the same with late rewards.
AS_RIVER = [name for name in POLICIES if name not in ("exp3", "unseeded")]


def context(number: int) -> dict[str, float]:
    return {"x": float(number % 3), "y": 1.0 - number % 2}


def reward(number: int, arm: Any) -> int:
    return (7 * number + 3 * ARMS.index(arm)) % 5 // 2 % 2


class Loop:
    """Pulls, and rewards that come late and in another order; some never come."""

    def __init__(self, seed: int) -> None:
        self.number = 0
        self._draw = random.Random(seed)
        self._open: list[tuple[int, Any]] = []

    def run(self, n: int, pull: Callable[[int], Any], learn: Callable[[int, Any, int], None]) -> list[Any]:
        pulled = []
        for _ in range(n):
            self.number += 1
            arm = pull(self.number)
            pulled.append(arm)
            self._open.append((self.number, arm))
            if len(self._open) > 4:
                number, arm = self._open.pop(self._draw.randrange(4))
                if number % 7:
                    learn(number, arm, reward(number, arm))
        return pulled


def through(client: Client, name: str, propensities: list[Any] | None = None) -> tuple[Any, Any]:
    """Return what pulls and learns at the server."""

    def pull(number: int) -> Any:
        answer = client.predict(model=name, id=f"{name} {number}", arms=ARMS, features=context(number))
        assert answer.status == 201, answer
        if propensities is not None:
            propensities.append(answer.json["prediction"]["propensity"])
        return answer.json["prediction"]["arm"]

    def learn(number: int, _arm: Any, earned: int) -> None:
        answer = client.learn(id=f"{name} {number}", ground_truth=earned)
        assert answer.status == 201, answer

    return pull, learn


def bare(policy: Any) -> tuple[Any, Any]:
    """Return what pulls and learns with River alone."""
    if isinstance(policy, bandit.base.ContextualPolicy):
        return (
            lambda number: policy.pull(ARMS, context(number)),
            lambda number, arm, earned: policy.update(arm, context(number), earned),
        )
    return lambda _: policy.pull(ARMS), lambda _, arm, earned: policy.update(arm, earned)


def test_pull_what_river_pulls_through_kill_9(start: Start) -> None:
    server, policies = start(), {name: make() for name, make in POLICIES.items()}
    loops = {name: (Loop(5), Loop(5)) for name in POLICIES}
    before: dict[str, Any] = {}
    with server.client() as client:
        for name, policy in policies.items():
            assert upload(client, policy, "flavor=auto", name).json == {"name": name, "flavor": "bandit"}
            pulled = loops[name][0].run(60, *through(client, name))
            if name in AS_RIVER:
                assert pulled == loops[name][1].run(60, *bare(policy))
            before[name] = client.metrics(name)
        over_all = client.get("/api/metrics?flavor=bandit").json
    server.restart(clean=False)

    with server.client() as client:
        assert {name: client.metrics(name) for name in POLICIES} == before
        assert client.get("/api/metrics?flavor=bandit").json == over_all
        for name, policy in policies.items():
            pulled = loops[name][0].run(40, *through(client, name))
            if name in AS_RIVER:
                assert pulled == loops[name][1].run(40, *bare(policy))
                assert compare(policy, pickle.loads(client.download(name))).difference is None
            assert client.get(f"/models/{name}/").status == 200
            assert "Mean reward" in client.get(f"/models/{name}/diagnostics/").body.decode()
    server.restart(clean=False)
    verified = server.manage("verify_journal")
    assert verified.returncode == 0, verified.stdout
    assert [line.split(" (")[0] for line in verified.stdout.splitlines()] == [
        f"{name}: equal" for name in sorted(POLICIES)
    ]


def test_score_and_refuse(start: Start) -> None:
    server = start()
    with server.client() as client:
        upload(client, bandit.EpsilonGreedy(0.0, seed=1), "flavor=bandit")
        first = client.predict(id=1, arms=["a", 1])
        assert first.json["prediction"] == {"arm": "a", "propensity": 1.0}
        assert client.predict(arms=["a", 1]).status == 200
        assert client.learn(id=1, ground_truth={"a": 1.0, "1": 3.0}).status == 201
        assert client.learn(id=1, ground_truth=1.0).code == "prediction_not_pending"
        # What was pulled elsewhere is learned, and pulls nothing here.
        assert client.learn(arm=1, propensity=0.5, ground_truth=2.5).status == 201
        assert client.predict(arms=["a", 1]).json["prediction"] == {"arm": 1, "propensity": 1.0}
        found = client.metrics("m")
        assert found == {"MeanReward": 1.75, "CumulativeReward": 3.5, "RewardedPulls": 2.0, "Regret": 2.0} | {
            "Share[1]": 0.5,
            "Share[a]": 0.5,
        }

        assert client.predict(features={"x": 1}).message == {"arms": ["required field"]}
        assert client.predict(arms=["a", "a"]).message == {"arms": ["must not have an arm twice"]}
        assert client.learn(features={"x": 1}, ground_truth=1).message == {"arm": ["required field"]}
        assert client.learn(arm="a").message == {"ground_truth": ["required field"]}
        assert client.learn(arm="a", ground_truth="good").status == 400
        client.predict(id=2, arms=["a", 1])
        lacking = client.learn(id=2, ground_truth={"a": 1.0})
        assert (lacking.status, lacking.code) == (400, "invalid_ground_truth")
        assert client.learn(id=2, ground_truth={"a": 1.0, "1": 1.0}).status == 201
        after = client.metrics("m")
    server.restart(clean=False)
    with server.client() as client:
        assert client.metrics("m") == after
    assert server.manage("verify_journal").stdout.startswith("m: equal")


def test_learn_a_default_reward_after_a_deadline(start: Start) -> None:
    server = start(BANDIT_REWARD_SECONDS="1", BANDIT_DEFAULT_REWARD="-0.5")
    with server.client() as client:
        for name in ("one", "two"):
            upload(client, bandit.EpsilonGreedy(0.5, seed=1), "flavor=bandit", name)
        for number in range(300):
            for name in ("one", "two"):
                assert client.predict(model=name, id=f"{name} {number}", arms=ARMS).status == 201
        rewarded = [
            number
            for number in range(300)
            if client.learn(id=f"one {number}", ground_truth=1.0).status == 201
        ]
        wait_until(
            lambda: client.metrics("one")["RewardedPulls"] == client.metrics("two")["RewardedPulls"] == 300
        )
        missed = 300 - len(rewarded)
        assert client.metrics("one")["CumulativeReward"] == len(rewarded) - 0.5 * missed
        assert client.learn(id="two 0", ground_truth=1.0).code == "prediction_not_pending"
        before = {name: client.metrics(name) for name in ("one", "two")}
    server.restart(clean=False)
    with server.client() as client:
        assert {name: client.metrics(name) for name in before} == before
        # None of them twice: the records are as many as pulls and rewards.
        assert client.get("/api/models?details=1").json["details"][0]["learns"] == 600
    verified = server.manage("verify_journal")
    assert [line.split(" (")[0] for line in verified.stdout.splitlines()] == ["one: equal", "two: equal"]


def test_are_estimated_in_the_place_of_another(start: Start) -> None:
    server, draw, earned = start(), random.Random(1), {"a": 0.2, "b": 0.5, "3": 0.8}
    with server.client() as client:
        upload(client, bandit.RandomPolicy(seed=1), "flavor=bandit", "live")
        upload(client, bandit.EpsilonGreedy(0.0, seed=1), "flavor=bandit", "other")
        for number in range(200):
            answer = client.predict(model="live", id=number, arms=["a", "b", "3"])
            rewarded = int(draw.random() < earned[answer.json["prediction"]["arm"]])
            client.learn(id=number, ground_truth=rewarded)
            client.learn(model="other", arm="3", ground_truth=1.0)
        mean = client.metrics("live")["MeanReward"]
        for policy, truth in {"uniform": 0.5, "arm:a": 0.2, "arm:%223%22": 0.8, "model:other": 0.8}.items():
            found = client.get(f"/api/model/live/estimates?policy={policy}").json
            assert (found["model"], found["policy"]) == ("live", policy.replace("%22", '"'))
            assert (found["rewards"], found["records"], found["cut"], found["covered"]) == (
                200,
                400,
                False,
                True,
            )
            assert found["served"]["value"] == pytest.approx(mean)
            for name in ("ips", "snips", "doubly_robust"):
                estimate = found[name]
                assert abs(estimate["value"] - truth) < 4 * estimate["standard_error"], (policy, name)
        assert found["effective_rewards"] < 200
        page = client.get("/models/live/estimates/?policy=arm:a").body.decode()
        assert "always a</option>" in page
        assert "the model other, as it is now" in page
        assert "From 200 rewards in the newest 400 records" in page

        nothing = client.get("/api/model/live/estimates?policy=arm:tea").json
        assert nothing["ips"] == {"value": None, "standard_error": None}
        assert nothing["notes"] == ["Left out 200 rewards: the policy's arm was not among those to pull."]
        unknown = client.get("/api/model/live/estimates?policy=tea")
        assert unknown.message == {"policy": ["must be 'uniform', 'arm:ARM' or 'model:NAME'"]}
        assert client.get("/api/model/nobody/estimates").status == 404
        assert client.get("/api/model/live/estimates?records=0").message.keys() == {"records"}
        assert "must be" in client.get("/models/live/estimates/?policy=tea").body.decode()
        upload(client, linear_model.LinearRegression(), "flavor=regression", "plain")
        assert client.get("/api/model/plain/estimates").code == "model_not_suitable"
        assert client.get("/models/plain/estimates/").status == 404


def test_that_raise_at_a_pull_leave_no_trace(start: Start) -> None:
    server = start()
    with server.client() as client:
        # Draws first, then has no number for the best: the features are no numbers.
        upload(client, bandit.LinUCBDisjoint(seed=1), "flavor=bandit")
        for number in range(20):
            assert client.predict(id=number, arms=ARMS, features=context(number)).status == 201
            if number % 3 == 0:
                assert client.predict(id="bad", arms=ARMS, features={"x": "red"}).code == "model_raised"
            assert client.learn(id=number, ground_truth=1.0).status == 201
    server.restart(clean=False)
    assert server.manage("verify_journal").stdout.startswith("m: equal (learns 0 to 40")


def test_learn_what_another_pulled(start: Start) -> None:
    server = start()
    with server.client() as client:
        upload(client, bandit.RandomPolicy(seed=1), "flavor=bandit", "live")
        upload(client, bandit.Exp3(0.3, seed=1), "flavor=bandit", "shadow")
        for number in range(10):
            client.predict(model="live", id=number, arms=ARMS)
            assert client.learn(model="shadow", id=number, ground_truth=1.0).status == 201
        assert client.metrics("shadow")["RewardedPulls"] == 10.0
        upload(client, linear_model.LinearRegression(), "flavor=regression", "other")
        client.predict(model="other", id="x", features={"x": 1.0})
        refused = client.learn(model="shadow", id="x", ground_truth=1.0)
        assert refused.message == {"arm": ["required field"]}
    server.restart(clean=False)
    assert "shadow: equal" in server.manage("verify_journal").stdout


@pytest.mark.parametrize("scores", [(), ("--as-answered",)])
def test_are_rolled_back_and_learn_again(start: Start, scores: tuple[str, ...]) -> None:
    server = start()
    with server.client() as client:
        upload(client, bandit.ThompsonSampling(proba.Beta(), seed=1), "flavor=bandit")
        Loop(5).run(30, *through(client, "m"))
        before = client.metrics("m")
    done = server.manage("roll_back", "m", "--seq", "0")
    assert done.returncode == 0, done.stderr
    done = server.manage("replay", "m", "--generation", "1", *scores)
    assert done.returncode == 0, done.stderr
    with server.client() as client:
        assert client.metrics("m") == before
    assert server.manage("verify_journal").stdout.startswith("m: equal")
