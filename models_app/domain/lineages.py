"""Lineages of generations, and where their learns stand once some of them are left out."""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Origin:
    """A generation goes on from learn `seq` of another one; None: it began with an upload."""

    seq: int
    parent: int | None


@dataclass(frozen=True, slots=True)
class Lineages:
    """A model's generations, each with its origin, and the seqs of the records that are left out of each.

    A generation's learns are its own and, up to where it goes on from there, its parent's. They are numbered
    without a gap.

    >>> lineages = Lineages({1: Origin(0, None), 2: Origin(20, 1)}, {1: [5, 30], 2: [22]})
    >>> lineages.ends(2), lineages.first(2), lineages.n_left_out(2, 21), lineages.n_left_out(2, 22)
    ({1: 20, 2: inf}, 5, 1, 2)
    >>> lineages.n_left_out(1, 30), lineages.first(1, until=4)
    (2, None)
    """

    origins: Mapping[int, Origin]
    left_out: dict[int, list[int]] = field(default_factory=dict)

    def ends(self, generation: int) -> dict[int, float]:
        """Return the last learns of a generation, and of those that it stems from, in its lineage.

        The upload's is the first, and the generation itself has no end.
        """
        found: dict[int, float] = {}
        at: int | None = generation
        end = math.inf
        while at is not None:
            found[at] = end
            end, at = self.origins[at].seq, self.origins[at].parent
        return dict(reversed(found.items()))

    def leave_out(self, generation: int, seq: int) -> None:
        """Leave out learn `seq`, one of a generation's own."""
        own = self.left_out.setdefault(generation, [])
        place = bisect_left(own, seq)
        if own[place : place + 1] != [seq]:
            insort(own, seq)

    def n_left_out(self, generation: int, seq: float) -> int:
        """Return how many records are left out up to a learn of a generation."""
        own = bisect_right(self.left_out.get(generation, []), seq)
        origin = self.origins[generation]
        return own + (0 if origin.parent is None else self.n_left_out(origin.parent, min(seq, origin.seq)))

    def first(self, generation: int, until: float = math.inf) -> int | None:
        """Return the first learn that is left out, up to learn `until`; None: none is.

        What the generation was before has nothing of what is left out.
        """
        origin, own = self.origins[generation], self.left_out.get(generation, [])
        if origin.parent is not None:
            earlier = self.first(origin.parent, min(until, origin.seq))
            if earlier is not None:
                return earlier
        return own[0] if own and own[0] <= until else None
