"""Which models have changed since somebody has last looked."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from models_app.services.finding import Served, find_changed, find_last_used, find_unsettled
from monitoring.clocks import Clock, LastLook

#: Models of the first look: those used last. Of the others, some are looked at in each look after it.
FIRST = 1_000
_AMONG = 5_000
_AT_A_TIME = 200


class Sweep:
    """Finds what changed while nobody looked: of a million models, some thousand at a look.

    A model that is settled has a row of its generation and seq in a table, and is passed over there.
    """

    def __init__(self, settled: QuerySet[Any], where: Q) -> None:
        """`settled` are the rows of a table that say so, with an `OuterRef` to the model.

        Models for which `where` does not hold have nothing to be settled.
        """
        self._settled = settled
        self._where = where
        self._after: int | None = 0

    def begin(self) -> list[Served]:
        """Return the models used last; if these are not all, the others come at the next looks."""
        models = find_last_used(FIRST)
        self._after = 0 if len(models) == FIRST else None
        return models

    def next(self) -> list[Served]:
        """Return the next ones that are not settled; raises `StorageUnavailable`."""
        if self._after is None:
            return []
        found, self._after = find_unsettled(
            self._settled, where=self._where, after=self._after, among=_AMONG, limit=_AT_A_TIME
        )
        return found


class ChangedModels:
    """Finds the models that learned, were uploaded or were rolled back. For one thread at a time."""

    def __init__(self, clock: Clock, settled: QuerySet[Any], *, where: Q | None = None) -> None:
        """For `settled` and `where` see `Sweep`."""
        self._last_look = LastLook(clock)
        self._sweep = Sweep(settled, Q() if where is None else where)

    def look(self, *, also: Collection[int] = ()) -> list[Served]:
        """Return those that have changed since the last look, and those of the primary keys `also`.

        The first look, and those after it, find what changed before. Raises `StorageUnavailable`.
        """
        since = self._last_look.again()
        if since is None:
            return self._sweep.begin()
        changed = find_changed(since, also=also)
        known = {model.pk for model in changed}
        return changed + [model for model in self._sweep.next() if model.pk not in known]

    def forget(self) -> None:
        """Have the next look be the first."""
        self._last_look.forget()
