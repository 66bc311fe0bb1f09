"""Bandits: an arm is pulled, and learned from once it is rewarded."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from river import bandit

from models_app.domain import predictions
from models_app.domain.errors import InvalidRequest
from models_app.domain.features import Features
from models_app.domain.predictions import Prediction, label_name
from models_app.domain.rewards import ArmShares, CumulativeReward, MeanReward, Pulled, Regret, RewardedPulls
from models_app.domain.scoring import GroundTruth
from models_app.paradigms import pulls
from models_app.paradigms.base import FEATURES, Member, Members, Paradigm, last_step
from models_app.paradigms.numbers import overflowing

ARMS, ARM, PROPENSITY = "arms", "arm", "propensity"
_ARM_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
_REQUIRED = ["required field"]
_LONGEST_INTEGER = 1_000


def reward_of(y_true: GroundTruth, arm: object) -> float | None:
    """Return the reward of an arm: the ground truth, or the arm's in one of all arms; None: there is none.

    >>> reward_of(1, "a"), reward_of({"1": 0.5, "b": 2}, 1), reward_of({"b": 2}, "a")
    (1, 0.5, None)
    """
    if isinstance(y_true, dict):
        return y_true.get(label_name(cast("Any", arm)))
    return cast("float | None", y_true)


def text_of(arm: pulls.Arm) -> str:
    """Return an arm as text: a string is quoted where it could be an integer.

    >>> text_of(3), text_of("3"), text_of("tea")
    ('3', '"3"', 'tea')
    """
    return f'"{arm}"' if isinstance(arm, str) and _is_like_an_integer(arm) else str(arm)


def arm_of(text: str) -> pulls.Arm:
    """Undo `text_of`.

    >>> arm_of("3"), arm_of('"3"'), arm_of("tea"), arm_of('"tea"')
    (3, '3', 'tea', '"tea"')
    """
    if text[:1] == text[-1:] == '"' and _is_like_an_integer(text[1:-1]):
        return text[1:-1]
    # No more digits than an arm's name has any use for: very long ones are slow to read.
    is_integer = text.isascii() and text.removeprefix("-").isdigit() and len(text) < _LONGEST_INTEGER
    return int(text) if is_integer else text


def _is_like_an_integer(text: str) -> bool:
    return text.lstrip("-").isdecimal()


def _pairs(y_true: GroundTruth, y_pred: Prediction) -> Iterable[tuple[float, Pulled]]:
    """Yield the reward with its arm, and the best one where those of all arms are known."""
    arm: Any = y_pred.get(ARM) if isinstance(y_pred, dict) else None
    reward = None if arm is None else reward_of(y_true, arm)
    if reward is not None:
        best = float(max(y_true.values())) if isinstance(y_true, dict) else None
        yield float(reward), Pulled(text_of(arm), best)


class _Pulled:
    """What is learned from was pulled before, here or elsewhere: nothing is pulled for it."""

    def expected(self, _model: Any, x: Features) -> Prediction:
        """Return the pull that is learned from."""
        members = cast("Members", x)
        return {ARM: members[ARM], PROPENSITY: members.get(PROPENSITY)}

    def predicted(self, x: Features, y_pred: Prediction) -> None:
        """Keep nothing."""

    def learned(self, model: Any, x: Features, y_true: GroundTruth) -> None:
        """Keep nothing."""


class Bandit(Paradigm):
    """An arm is answered by `pull`, with the probability that it had, and learned by `update`.

    A pull draws, and so changes the model: each is a record of the journal.
    """

    name = "bandit"
    predict_method = "pull"
    metrics = (MeanReward, CumulativeReward, RewardedPulls, Regret, ArmShares)
    pairs = staticmethod(_pairs)
    normalize = staticmethod(predictions.tree)
    wanted = "a bandit policy"
    answer_in_words = "one of the arms that it is given"
    kinds = (bandit.base.Policy,)
    described = "a bandit policy, which pulls one of several arms"
    records_predictions = True
    takes = {  # noqa: RUF012  # never written to
        ARMS: Member(
            {"type": "array", "items": _ARM_SCHEMA, "minItems": 1, "uniqueItems": True},
            "Bandits: the arms to pull one of; strings and integers, which are not the same",
        ),
        ARM: Member(_ARM_SCHEMA, "Bandits: the arm that was pulled, for learning from a pull made elsewhere"),
        PROPENSITY: Member(
            {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1},
            "Bandits: the probability with which that arm was pulled, where it is known",
        ),
    }
    trial_truths = (lambda number: float(number % 2),)
    trial_inputs = (
        lambda number: {ARMS: ["a", "b", 3], FEATURES: {"x": 0.5 + number % 5, "y": 1.5 - number % 3}},
    )
    example_truth = "1.0"
    diagnosis = "arms"

    @property
    def methods(self) -> tuple[str, ...]:  # noqa: D102
        return ("update", self.predict_method)

    @property
    def calls(self) -> dict[str, tuple[str, ...]]:  # noqa: D102
        return {"update": ("arm", "reward"), self.predict_method: ("arms",)}

    def predictor(self, model: Any) -> Callable[[Features], object]:
        """Return what pulls an arm, and says how probable that was."""
        policy = cast("Any", last_step(model))

        def pulled(x: Features) -> object:
            members = cast("Members", x)
            arm, shares = pulls.pull(policy, members[ARMS], members.get(FEATURES, {}))
            return {ARM: arm, PROPENSITY: shares(arm)}

        return pulled

    def learner(self, model: Any) -> Callable[[Features, GroundTruth], object]:
        """Return what rewards the arm that was pulled."""
        policy = cast("Any", last_step(model))
        contextual = pulls.is_contextual(policy)
        weighs = getattr(type(policy), "update", None) is bandit.Exp3.update

        def learn(x: Features, y_true: GroundTruth) -> None:
            members = cast("Members", x)
            arm, reward = members[ARM], reward_of(y_true, members[ARM])
            if weighs and members.get(PROPENSITY) is not None:
                # River takes those of the last pull, which may be another one by now.
                policy._probabilities = {**policy._probabilities, arm: members[PROPENSITY]}
            given = (arm, members.get(FEATURES, {}), reward) if contextual else (arm, reward)
            policy.update(*given)

        return learn

    def course(self, kept: Any) -> _Pulled:
        """Return what knows the pulls that are learned from."""
        return _Pulled()

    def taught(self, x: Features, y_pred: Prediction) -> Features:
        """Return the members with the pull."""
        pulled = cast("Members", y_pred)
        return cast("Features", {**cast("Members", x), **pulled})

    def check_members(self, members: Members, *, learns: bool) -> None:  # noqa: D102
        super().check_members(members, learns=learns)
        reasons = {}
        if ARMS in members:
            reasons[ARMS] = _wrong_arms(members[ARMS])
        elif not learns:
            reasons[ARMS] = _REQUIRED
        if learns:
            reasons |= _wrong_pull(members)
        else:
            reasons |= {name: ["only where a model learns"] for name in (ARM, PROPENSITY) if name in members}
        reasons = {name: found for name, found in reasons.items() if found}
        if reasons:
            raise InvalidRequest(reasons)

    def misfit(self, x: Features, y_true: GroundTruth) -> str | None:
        """Return why there is no reward of the arm that was pulled, or None."""
        arm = cast("Members", x)[ARM]
        return None if reward_of(y_true, arm) is not None else f"has no reward of the arm pulled, {arm!r}"

    def check_ground_truth(self, value: object) -> str | None:  # noqa: D102
        if isinstance(value, dict) and value:
            wrong = [arm for arm, reward in value.items() if _wrong_reward(reward)]
            return f"must have a number for each arm, not so for '{wrong[0]}'" if wrong else None
        return _wrong_reward(value)


def _wrong_reward(value: object) -> str | None:
    if not isinstance(value, int | float):
        return "must be a number, or an object with the rewards of all arms"
    return overflowing(value)


def _wrong_arms(arms: object) -> list[str]:
    if not isinstance(arms, list) or not arms:
        return ["must be a list of arms, not empty"]
    if any(_wrong_arm(arm) for arm in arms):
        return ["must be strings or integers"]
    return [] if len(set(arms)) == len(arms) else ["must not have an arm twice"]


def _wrong_arm(arm: object) -> bool:
    return type(arm) not in (str, int)


def _wrong_pull(members: Members) -> dict[str, list[str]]:
    """Return what is wrong with a pull that is to be learned."""
    arm, propensity = members.get(ARM), members.get(PROPENSITY)
    reasons: dict[str, list[str]] = {}
    if arm is None:
        reasons[ARM] = _REQUIRED
    elif _wrong_arm(arm):
        reasons[ARM] = ["must be a string or an integer"]
    elif isinstance(members.get(ARMS), list) and arm not in members[ARMS]:
        reasons[ARM] = ["must be one of 'arms'"]
    is_number = isinstance(propensity, int | float) and not isinstance(propensity, bool)
    if propensity is not None and not (is_number and 0 < propensity <= 1):
        reasons[PROPENSITY] = ["must be a number above 0, at most 1"]
    return reasons


BANDIT = Bandit()
