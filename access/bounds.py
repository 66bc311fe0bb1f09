"""Bounds of a token: how much of the server it may use."""

from collections.abc import Sequence
from dataclasses import dataclass

from access import token_rates
from access.errors import InvalidToken

#: The columns of quotas, and what each is of.
QUOTAS = {"max_models": "models", "max_bytes": "bytes", "max_pending": "pending"}
_MAX_QUOTA = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`rates` say how often a token may do what, such as `predict=100/s`, in the place of RATE_LIMITS.

    The others are how much it may have at a time; None: as much as there is room for.
    """

    rates: Sequence[str] = ()
    max_models: int | None = None
    max_bytes: int | None = None
    max_pending: int | None = None

    def check(self) -> None:
        """Raise `InvalidToken` unless they can be."""
        reasons: dict[str, list[str]] = {}
        try:
            token_rates.read(self.rates)
        except ValueError as error:
            reasons["rates"] = [str(error)]
        for name, quota in self.quotas().items():
            if quota is not None and not 1 <= quota <= _MAX_QUOTA:
                reasons[name] = [f"must be a whole number from 1 to {_MAX_QUOTA}"]
        if reasons:
            raise InvalidToken(reasons)

    def quotas(self) -> dict[str, int | None]:
        """Return the quotas by the names of their columns."""
        return {name: getattr(self, name) for name in QUOTAS}


UNBOUND = Bounds()


def in_words(of: object) -> str:
    """Return the quotas of a token's row, or of what has the same attributes.

    >>> in_words(Bounds(max_models=3, max_pending=100)), in_words(UNBOUND)
    ('models=3 pending=100', '-')
    """
    found = {what: getattr(of, name) for name, what in QUOTAS.items()}
    return " ".join(f"{what}={quota}" for what, quota in found.items() if quota is not None) or "-"
