"""Evaluating another bandit policy by the pulls of one that is served."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from models_app.domain.errors import EvaluationsBusy
from models_app.domain.learns import Learn
from models_app.domain.off_policy import Estimates, Pull, estimate, mean_over
from models_app.domain.reward_models import RewardModel
from models_app.journal.reading import last_seq, segments_after
from models_app.paradigms import pulls
from models_app.paradigms.bandits import ARM, ARMS, BANDIT, PROPENSITY, reward_of
from models_app.paradigms.base import FEATURES, Members
from models_app.services import policies, showing
from models_app.services.policies import Policy
from models_app.services.trying import try_upload

#: What is read for a request, at most: the newest records of the journal, for so many seconds.
N_RECORDS = 10_000
MAX_RECORDS = 100_000
_SECONDS = 5.0
# Requests that evaluate at a time: some threads are left for all others.
_N_AT_A_TIME = 2
_places = threading.BoundedSemaphore(_N_AT_A_TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Estimates of a policy, and how many rewards could not be used: what is missing of their pulls.

    `n_not_offered`: among their arms is none that the policy would have pulled. `n_records` were read, pulls
    and rewards; `is_cut` says that there was no time for the newest.
    """

    estimates: Estimates
    n_without_propensity: int
    n_without_arms: int
    n_not_offered: int
    n_records: int
    is_cut: bool

    @property
    def notes(self) -> list[str]:
        """What there is to know before the estimates are relied on."""
        left_out = (
            (self.n_without_propensity, "the pull has no propensity."),
            (self.n_without_arms, "it is not known among which arms."),
            (self.n_not_offered, "the policy's arm was not among those to pull."),
        )
        notes = [f"Left out {_rewards(n)}: {reason}" for n, reason in left_out if n]
        if self.is_cut:
            notes.append(
                f"There was no time for more than {self.n_records:,} records, the oldest of those asked for."
            )
        found = self.estimates
        if found.n > 1 and not found.is_covered:
            weight = found.mean_weight
            notes.append(
                f"The weights are {weight.value:.6f} ± {weight.standard_error:.6f} in the mean, not 1: the "
                "policy pulls arms that were hardly ever pulled. IPS and SNIPS are not to be relied on."
            )
        return notes


def evaluate_policy(*, model: str, data: bytes) -> Evaluation:
    """Estimate what a pickled policy would have earned in the place of a served one.

    It is tried like an upload, and then asked with the arms and features of each rewarded pull in the journal
    of the served model's generation. It stays as it was pickled: it learns nothing of them.

    Raises `ModelNotFound`, `ModelNotAllowed`, `ModelNotSuitable` where either is no bandit policy,
    `ModelNotReadable`, `ModelRaised`, `StorageUnavailable`, `UploadsBusy`.
    """
    served = policies.bandit(model)
    try_upload(data, BANDIT.name)
    segments = segments_after(served.beginning)
    with showing.texts_of(served):
        evaluating = _Evaluating(policies.Pickled(data))
        return evaluating.run(learn for segment in segments for learn in segment.learns)


def evaluate_named(
    *, model: str, policy: str, n_records: int = N_RECORDS, seconds: float = _SECONDS
) -> Evaluation:
    """Estimate the same of a policy that is named as in `policies.named`, from the newest records.

    After so many seconds it ends with what it has read. Raises `EvaluationsBusy`,
    `ModelNotFound`, `ModelNotSuitable`, and what `policies.named` raises.
    """
    until = time.monotonic() + seconds
    served = policies.bandit(model)
    other = policies.named(policy)
    if not _places.acquire(blocking=False):
        raise EvaluationsBusy(f"{_N_AT_A_TIME} estimates are under way; try again.")
    try:
        beginning = served.beginning
        newest = last_seq(served.pk, served.generation)
        segments = segments_after(beginning.at(max(beginning.seq, newest - n_records)), until_seq=newest)
        learns = (learn for segment in segments for learn in segment.learns)
        with showing.texts_of(served):
            return _Evaluating(other, until=until).run(learns)
    finally:
        _places.release()


class _Evaluating:
    """One pass over the journal, up to a moment on the monotonic clock."""

    def __init__(self, policy: Policy, *, until: float | None = None) -> None:
        self._policy = policy
        self._until = until
        self._rewards = RewardModel()
        self._n_without_propensity = 0
        self._n_without_arms = 0
        self._n_not_offered = 0
        self._n_records = 0
        self._is_cut = False

    def run(self, learns: Iterable[Learn]) -> Evaluation:
        """Return the estimates from all that is read."""
        estimates = estimate(self._rewarded(self._in_time(learns)))
        return Evaluation(
            estimates=estimates,
            n_without_propensity=self._n_without_propensity,
            n_without_arms=self._n_without_arms,
            n_not_offered=self._n_not_offered,
            n_records=self._n_records,
            is_cut=self._is_cut,
        )

    def _in_time(self, learns: Iterable[Learn]) -> Iterator[Learn]:
        for learn in learns:
            if self._until is not None and time.monotonic() > self._until:
                self._is_cut = True
                return
            self._n_records += 1
            yield learn

    def _rewarded(self, learns: Iterable[Learn]) -> Iterator[Pull]:
        """Yield the pulls that were rewarded, with what the other policy would have done."""
        for learn in learns:
            if learn.ground_truth is None:
                continue
            members, y_pred = cast("Members", learn.x()), cast("Members", learn.y_pred())
            if y_pred.get(PROPENSITY) is None:
                self._n_without_propensity += 1
            elif ARMS not in members:
                self._n_without_arms += 1
            else:
                reward = cast("float", reward_of(learn.ground_truth, y_pred[ARM]))
                yield from self._pull(members, y_pred[ARM], y_pred[PROPENSITY], float(reward))

    def _pull(self, members: Members, pulled: pulls.Arm, propensity: float, reward: float) -> Iterator[Pull]:
        arms: list[pulls.Arm] = members[ARMS]
        x = members.get(FEATURES, {})
        shares = self._policy.shares(arms, x)
        if shares is None:
            self._n_not_offered += 1
            return
        expected = [self._rewards.expected(arm, x) for arm in arms]
        self._rewards.learn(pulled, x, reward)
        index = arms.index(pulled)
        yield Pull(reward, propensity, shares[index], expected[index], mean_over(shares, expected))


def _rewards(n: int) -> str:
    return f"{n:,} reward{'s' * (n != 1)}"
