"""Evaluating another bandit policy by the pulls of one that is served."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from models_app.domain import uploads
from models_app.domain.errors import ModelNotSuitable, ModelRaised
from models_app.domain.failing import pass_on_interrupt
from models_app.domain.learns import Learn
from models_app.domain.off_policy import Estimates, Pull, estimate, mean_over
from models_app.domain.reward_models import RewardModel
from models_app.journal.reading import segments_after
from models_app.paradigms import pulls
from models_app.paradigms.bandits import ARM, ARMS, BANDIT, PROPENSITY, reward_of
from models_app.paradigms.base import FEATURES, Members, last_step
from models_app.services.finding import find
from models_app.services.trying import try_upload

# Of a policy whose probabilities are not known: so many pulls show them.
_N_PULLS = 200


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Estimates of a policy, and how many rewards could not be used: what is missing of their pulls."""

    estimates: Estimates
    n_without_propensity: int
    n_without_arms: int


def evaluate_policy(*, model: str, data: bytes) -> Evaluation:
    """Estimate what a pickled policy would have earned in the place of a served one.

    It is tried like an upload, and then asked with the arms and features of each rewarded pull in the journal
    of the served model's generation. It stays as it was pickled: it learns nothing of them.

    Raises `ModelNotFound`, `ModelNotSuitable` where either is no bandit policy, `ModelNotReadable`,
    `ModelRaised`, `StorageUnavailable`, `UploadsBusy`.
    """
    served = find(model)
    if served.paradigm is not BANDIT:
        raise ModelNotSuitable(f"'{model}' is of the flavor '{served.flavor}': it has pulled nothing.")
    try_upload(data, BANDIT.name)
    evaluating = _Evaluating(last_step(uploads.loads(data)))
    learns = (learn for segment in segments_after(served.beginning) for learn in segment.learns)
    try:
        estimates = estimate(evaluating.rewarded(learns))
    except _PolicyFailed as failure:
        raise ModelRaised(failure.error) from failure.error
    return Evaluation(estimates, evaluating.n_without_propensity, evaluating.n_without_arms)


class _PolicyFailed(Exception):
    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class _Evaluating:
    """One pass over the journal."""

    def __init__(self, policy: Any) -> None:
        self.n_without_propensity = 0
        self.n_without_arms = 0
        self._policy = policy
        self._rewards = RewardModel()

    def rewarded(self, learns: Iterator[Learn]) -> Iterator[Pull]:
        """Yield the pulls that were rewarded, with what the other policy would have done."""
        for learn in learns:
            if learn.ground_truth is None:
                continue
            members, y_pred = cast("Members", learn.x()), cast("Members", learn.y_pred())
            if y_pred.get(PROPENSITY) is None:
                self.n_without_propensity += 1
            elif ARMS not in members:
                self.n_without_arms += 1
            else:
                reward = cast("float", reward_of(learn.ground_truth, y_pred[ARM]))
                yield self._pull(members, y_pred[ARM], y_pred[PROPENSITY], float(reward))

    def _pull(self, members: Members, pulled: pulls.Arm, propensity: float, reward: float) -> Pull:
        arms: list[pulls.Arm] = members[ARMS]
        x = members.get(FEATURES, {})
        shares = self._shares(arms, x)
        expected = [self._rewards.expected(arm, x) for arm in arms]
        self._rewards.learn(pulled, x, reward)
        index = arms.index(pulled)
        return Pull(reward, propensity, shares[index], expected[index], mean_over(shares, expected))

    def _shares(self, arms: list[pulls.Arm], x: Any) -> list[float]:
        """Return the probabilities with which the other policy pulls the arms."""
        try:
            arm, share_of = pulls.pull(self._policy, arms, x)
            shares = [share_of(each) for each in arms]
            if None not in shares:
                return cast("list[float]", shares)
            pulled = [arm, *(pulls.pull(self._policy, arms, x)[0] for _ in range(_N_PULLS - 1))]
        except BaseException as error:
            pass_on_interrupt(error)
            raise _PolicyFailed(error) from error
        return [pulled.count(each) / _N_PULLS for each in arms]
