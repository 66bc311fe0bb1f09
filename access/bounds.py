"""Bounds of a token: how much of the server it may use."""

from collections.abc import Sequence
from dataclasses import dataclass

from access import token_rates
from access.errors import InvalidToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`rates` say how often a token may do what, such as `predict=100/s`, in the place of RATE_LIMITS."""

    rates: Sequence[str] = ()

    def check(self) -> None:
        """Raise `InvalidToken` unless they can be."""
        try:
            token_rates.read(self.rates)
        except ValueError as error:
            raise InvalidToken({"rates": [str(error)]}) from None


UNBOUND = Bounds()
