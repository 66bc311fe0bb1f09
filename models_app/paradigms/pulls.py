"""Pulls of bandit policies, and with which probability each arm would have been pulled."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from river import bandit, proba

from models_app.domain import largest

Arm = int | str
#: Returns the probability of an arm; None: nobody knows.
Shares = Callable[[Arm], float | None]
_Ask = Callable[[], Arm]
_Strategy = Callable[[Any, Sequence[Arm], _Ask], tuple[Arm, Shares]]


def is_contextual(policy: Any) -> bool:
    """Say whether a policy is asked and updated with a context."""
    try:
        return "context" in inspect.signature(policy.pull).parameters
    except (TypeError, ValueError):
        return False


def pull(policy: Any, arms: Sequence[Arm], context: Any) -> tuple[Arm, Shares]:
    """Pull as `policy.pull` does; return the arm, and the probabilities of the arms in this pull.

    These are River's own where a policy of its classes decides; of others none is known.
    """
    ask: _Ask = (lambda: policy.pull(arms, context)) if is_contextual(policy) else lambda: policy.pull(arms)
    strategy = _strategy_of(policy)
    if strategy is None:
        return ask(), _unknown
    if any(policy._counts[arm] < policy.burn_in for arm in arms):
        only = ask()
        return only, lambda arm: float(arm == only)
    return strategy(policy, arms, ask)


def _unknown(_arm: Arm) -> None:
    return None


def _strategy_of(policy: Any) -> _Strategy | None:
    kind = type(policy)
    is_rivers = getattr(kind, "pull", None) in (bandit.base.Policy.pull, bandit.base.ContextualPolicy.pull)
    return _STRATEGIES.get(getattr(kind, "_pull", None)) if is_rivers else None


class _Watched:
    """The generator of a policy while it pulls: remembers what was chosen among."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator
        self.candidates: Sequence[Arm] = ()

    def choice(self, candidates: Sequence[Arm]) -> Arm:
        self.candidates = candidates
        arm: Arm = self._generator.choice(candidates)
        return arm


def _among_the_best(policy: Any, _arms: Sequence[Arm], ask: _Ask) -> tuple[Arm, Shares]:
    """Pull with a policy that draws only among arms that are equally good."""
    generator = policy._rng
    watched = policy._rng = _Watched(generator)
    try:
        arm = ask()
    finally:
        policy._rng = generator
    candidates = tuple(watched.candidates) or (arm,)
    return arm, lambda asked: candidates.count(asked) / len(candidates)


def _epsilon_greedy(policy: Any, arms: Sequence[Arm], ask: _Ask) -> tuple[Arm, Shares]:
    arm = ask()
    epsilon = min(1.0, max(0.0, policy.current_epsilon))
    unseen = policy.reward_obj.clone()
    # Not by index: that would make what is not there yet.
    best = max(arms, key=lambda asked: policy._rewards.get(asked, unseen).get())
    explored = epsilon / len(arms)
    return arm, lambda asked: explored + (1.0 - epsilon) * (asked == best) if asked in arms else 0.0


def _exp3(policy: Any, _arms: Sequence[Arm], ask: _Ask) -> tuple[Arm, Shares]:
    arm = ask()
    shares = dict(policy._probabilities)
    return arm, lambda asked: shares.get(asked, 0.0)


def _thompson(policy: Any, arms: Sequence[Arm], ask: _Ask) -> tuple[Arm, Shares]:
    """Pull the arm with the largest draw; the probability of that is computed, not drawn."""
    arm = ask()
    drawn_from = [policy._rewards[asked] for asked in arms]
    if all(type(one) is proba.Beta for one in drawn_from):
        shapes = [(one.alpha, one.beta) for one in drawn_from]
        return arm, lambda asked: largest.of_betas(shapes, arms.index(asked)) if asked in arms else 0.0
    if all(type(one) is proba.Gaussian and one.sigma > 0 for one in drawn_from):
        moments = [(one.mu, one.sigma) for one in drawn_from]
        return arm, lambda asked: largest.of_gaussians(moments, arms.index(asked)) if asked in arms else 0.0
    return arm, _unknown


# By the method that decides: a subclass with its own pulls in another way.
_STRATEGIES: Mapping[Any, _Strategy] = MappingProxyType(
    {
        bandit.EpsilonGreedy._pull: _epsilon_greedy,
        bandit.UCB._pull: _among_the_best,
        bandit.BayesUCB._pull: _among_the_best,
        bandit.LinUCBDisjoint._pull: _among_the_best,
        bandit.RandomPolicy._pull: _among_the_best,
        bandit.Exp3._pull: _exp3,
        bandit.ThompsonSampling._pull: _thompson,
    }
)
