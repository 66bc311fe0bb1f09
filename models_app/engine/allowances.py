"""The allowances of the process, by owner: what the engine makes durable is counted in them."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from models_app.domain.quotas import Allowance
from models_app.engine.ports import Write

_by_owner: dict[str, Allowance] = {}


def allowance_of(owner: str, limit: int) -> Allowance:
    """Return an owner's allowance, with that limit from now on."""
    allowance = _by_owner.setdefault(owner, Allowance(owner, limit))
    allowance.limit = limit
    return allowance


def owners() -> list[str]:
    """Return who has an allowance."""
    return list(_by_owner)


def keep(owners: Collection[str]) -> None:
    """Forget the allowances of all others."""
    for owner in set(_by_owner) - set(owners):
        del _by_owner[owner]


def renew(count: Callable[[list[str]], Mapping[str, int]]) -> None:
    """Take what `count` finds in the database; of an owner that it does not name there is nothing."""
    allowances = list(_by_owner.values())
    for allowance in allowances:
        allowance.begin_count()
    found = count([allowance.owner for allowance in allowances])
    for allowance in allowances:
        allowance.end_count(found.get(allowance.owner, 0))


def note(write: Write) -> None:
    """Count what is durable now. A row that has taken another's place counts twice, until it is renewed."""
    if not _by_owner:
        return
    changes: Counter[str] = Counter()
    for pending in write.predicted.values():
        if pending.owner is not None:
            changes[pending.owner] += 1
    for pending in write.claimed:
        if pending.owner is not None:
            changes[pending.owner] -= 1
    for owner, n in changes.items():
        if (allowance := _by_owner.get(owner)) is not None:
            allowance.note(n)
