"""How the models do, by whoever judges them: monitoring, where it is there."""

from collections.abc import Collection
from dataclasses import dataclass

from models_app.services import hooks
from models_app.services.finding import find_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model's status in a word, and the reasons for it, the worst first."""

    status: str
    reasons: tuple["Reason", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A rule that holds, in words; `since` is in seconds since the epoch, None where nobody knows."""

    rule: str
    text: str
    since: float | None


def standings(names: Collection[str]) -> dict[str, Standing]:
    """Return the standing of those of the models that there are, by name; raises `StorageUnavailable`."""
    models = find_named(names)
    return {name: standing for judge in hooks.judges for name, standing in judge(models).items()}
