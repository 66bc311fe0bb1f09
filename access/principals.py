"""Principals: somebody who is known, and what they may do."""

import time
from collections.abc import Collection, Mapping, Sequence

from models_app.domain.permits import Permits
from models_app.domain.quotas import UNLIMITED, Quotas
from web.rates import Limit


class Principal:
    """Somebody's scopes, and the models that they are limited to.

    >>> somebody = Principal("sensor", scopes=["predict"], patterns=["pump-*"])
    >>> somebody.holds(), somebody.may("predict"), somebody.may("learn")
    (True, True, False)
    >>> somebody.may_use("pump-7"), somebody.may_use("Pump-7"), somebody.limits
    (True, False, "models called 'pump-*'")
    >>> somebody.end()
    >>> somebody.holds()
    False
    """

    __slots__ = (
        "__weakref__", "_has_ended", "expires_at", "kind", "limits", "may_use", "name", "quotas", "rates",
        "scopes", "used_at",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913  # as many as there is to know of somebody
        self,
        name: str,
        *,
        scopes: Collection[str],
        patterns: Sequence[str] = (),
        expires_at: float = float("inf"),
        kind: str = "token",
        rates: Mapping[str, Limit] | None = None,
        quotas: Quotas = UNLIMITED,
    ) -> None:
        """`patterns` are of models' names, as `fnmatch` has them; none: all models. Times are Unix times.

        `rates` are by scope or route, as `web.rates` has them.
        """
        self.name = name
        #: What has this name: a token or a user.
        self.kind = kind
        self.scopes = frozenset(scopes)
        #: Says of a model's name whether they may use it.
        self.may_use = Permits(patterns)
        self.expires_at = expires_at
        #: The models that they may use, in words; empty: all.
        self.limits = f"models called {' or '.join(map(repr, patterns))}" if patterns else ""
        #: How often they may do what, beside what is so for everybody.
        self.rates = rates or {}
        self.quotas = quotas
        #: When it was asked for last; 0: never.
        self.used_at = 0.0
        self._has_ended = False

    def holds(self) -> bool:
        """Say whether it is valid still, and note the use."""
        now = self.used_at = time.time()
        return now < self.expires_at and not self._has_ended

    def end(self) -> None:
        """Have it hold no more: for who goes on with it."""
        self._has_ended = True

    def may(self, *scopes: str) -> bool:
        """Say whether they have one of the scopes."""
        return not self.scopes.isdisjoint(scopes)
