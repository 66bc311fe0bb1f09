"""Which models somebody may use, by patterns of their names."""

import re
from collections.abc import Collection
from fnmatch import translate


class Permits:
    """Says of a model's name whether it may be used; `patterns` are `fnmatch`'s, none of them: all models.

    >>> may_use = Permits(["pump-*"])
    >>> may_use("pump-7"), may_use("Pump-7"), Permits([])("anything")
    (True, False, True)
    """

    __slots__ = ("_matches", "patterns")

    def __init__(self, patterns: Collection[str]) -> None:
        self.patterns = frozenset(patterns)
        # As `fnmatch.fnmatchcase`, in a tenth of the time.
        self._matches = re.compile("|".join(map(translate, patterns))).match

    def __call__(self, name: str) -> bool:
        """Say whether the model of that name may be used."""
        # A name may have what means something else in a pattern.
        patterns = self.patterns
        return not patterns or name in patterns or self._matches(name) is not None
