"""Policies whose rewards can be estimated: with which probability they pull each arm."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from models_app.domain import uploads
from models_app.domain.errors import InvalidRequest, ModelBusy, ModelNotFound, ModelNotSuitable, ModelRaised
from models_app.domain.failing import pass_on_interrupt
from models_app.engine.commands import Export
from models_app.paradigms import pulls
from models_app.paradigms.bandits import BANDIT, arm_of
from models_app.paradigms.base import last_step
from models_app.paradigms.pulls import Arm
from models_app.services.finding import Served, find
from models_app.services.runtime import get_engine
from models_app.services.trying import taken

UNIFORM, OF_ARM, OF_MODEL = "uniform", "arm:", "model:"
#: The parameter that names a policy.
POLICY = "policy"
# Of a policy whose probabilities are not known: so many pulls show them.
_N_PULLS = 200
# A model that is busy is not waited for any longer, in seconds.
_PATIENCE_SECONDS = 3.0


class Policy(Protocol):
    """A policy that is asked, and learns nothing."""

    def shares(self, arms: Sequence[Arm], x: Any) -> list[float] | None:
        """Return with which probability each of some arms is pulled; None: it pulls none of them.

        Raises `ModelRaised`.
        """


class Uniform:
    """All arms alike."""

    def shares(self, arms: Sequence[Arm], x: Any) -> list[float] | None:
        """See Policy."""
        return [1.0 / len(arms)] * len(arms)


class Always:
    """One arm, wherever it can be pulled."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def shares(self, arms: Sequence[Arm], x: Any) -> list[float] | None:
        """See Policy."""
        return [float(arm == self._arm) for arm in arms] if self._arm in arms else None


class Pickled:
    """A bandit policy as it was pickled."""

    def __init__(self, data: bytes) -> None:
        self._policy = last_step(uploads.loads(data, taken()))

    def shares(self, arms: Sequence[Arm], x: Any) -> list[float] | None:
        """See Policy."""
        try:
            arm, share_of = pulls.pull(self._policy, arms, x)
            shares = [share_of(each) for each in arms]
            if None not in shares:
                return cast("list[float]", shares)
            pulled = [arm, *(pulls.pull(self._policy, arms, x)[0] for _ in range(_N_PULLS - 1))]
        except BaseException as error:
            pass_on_interrupt(error)
            raise ModelRaised(error) from error
        return [pulled.count(each) / _N_PULLS for each in arms]


def named(text: str) -> Policy:
    """Return the policy that `uniform`, `arm:ARM` or `model:NAME` names, the last as it is now.

    Raises `InvalidRequest`, `ModelNotSuitable` where the model is no bandit, `ModelBusy`, `ModelNotLoadable`,
    `ModelRaised`, `StorageUnavailable`.
    """
    if text == UNIFORM:
        return Uniform()
    if text.startswith(OF_ARM) and len(text) > len(OF_ARM):
        return Always(arm_of(text.removeprefix(OF_ARM)))
    if text.startswith(OF_MODEL) and len(text) > len(OF_MODEL):
        return _served(text.removeprefix(OF_MODEL))
    raise InvalidRequest({POLICY: [f"must be '{UNIFORM}', '{OF_ARM}ARM' or '{OF_MODEL}NAME'"]})


def bandit(name: str) -> Served:
    """Return a served bandit; raises `ModelNotFound`, `ModelNotSuitable`."""
    served = find(name)
    if served.paradigm is not BANDIT:
        raise ModelNotSuitable(f"'{name}' is of the flavor '{served.flavor}': it has pulled nothing.")
    return served


def _served(name: str) -> Policy:
    try:
        bandit(name)
    except ModelNotFound as error:
        raise InvalidRequest({POLICY: [str(error.message)]}) from None
    try:
        return Pickled(get_engine().call(Export(name), seconds=_PATIENCE_SECONDS))
    except TimeoutError:
        raise ModelBusy(name, _PATIENCE_SECONDS) from None
