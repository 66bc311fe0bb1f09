"""Sums over the models of each flavor, of any number of models, without reading them all at a time."""

from collections import defaultdict
from collections.abc import Collection

from models_app.services.counting import Totals, keys, totals_by_flavor

#: Primary keys of a range, and ranges that are read at a look: some thirty milliseconds.
KEYS = 4_096
RANGES = 8
#: Of these, as many as are read though nothing says that they have changed.
IN_TURN = 1

_Sums = dict[str, Totals]


class Tallies:
    """Keeps the sums of each range of primary keys, and reads some ranges anew at each look.

    Up to 32,768 models the sums are those of now. Of more, ranges in which models have changed come first,
    and the others in turn. One thread at a time looks.
    """

    def __init__(self) -> None:
        self._by_range: dict[int, _Sums] = {}
        self._changed: dict[int, None] = {}
        self._turn = 0

    def look(self, changed: Collection[int]) -> _Sums:
        """Return the sums; `changed` are the primary keys of models that have changed since the last look.

        None at all, as long as there are ranges that were never read. Raises `StorageUnavailable`.
        """
        found = keys()
        if found is None:
            self._by_range.clear()
            return {}
        ranges = range(found[0] // KEYS, found[1] // KEYS + 1)
        self._changed |= dict.fromkeys(pk // KEYS for pk in changed)
        for number in self._next(ranges):
            self._by_range[number] = totals_by_flavor(first=number * KEYS, last=(number + 1) * KEYS - 1)
        for number in [number for number in self._by_range if number not in ranges]:
            del self._by_range[number]
        return self._sums() if len(self._by_range) == len(ranges) else {}

    def _next(self, ranges: range) -> list[int]:
        """Return the ranges to read now."""
        self._turn = self._turn if self._turn in ranges else ranges.start
        waiting = [number for number in self._waiting() if number in ranges]
        # Once all are known, and nothing says that they have changed, there is time.
        is_known = len(ranges) > RANGES and len(self._by_range) >= len(ranges)
        n = min(RANGES, len(waiting) + IN_TURN) if is_known else RANGES
        numbers = list(dict.fromkeys([*waiting, *range(self._turn, ranges.stop), *ranges]))[:n]
        for number in numbers:
            self._changed.pop(number, None)
            if number == self._turn:
                self._turn = number + 1 if number + 1 in ranges else ranges.start
        return numbers

    def _waiting(self) -> list[int]:
        """Return ranges with changes, one less than are read: the others have their turn, too."""
        return list(self._changed)[: RANGES - 1]

    def _sums(self) -> _Sums:
        found: dict[str, list[Totals]] = defaultdict(list)
        for sums in self._by_range.values():
            for flavor, totals in sums.items():
                found[flavor].append(totals)
        return {flavor: Totals.sum(each) for flavor, each in sorted(found.items())}
