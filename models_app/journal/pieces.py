"""Pieces of the journal: learns that one commit has written, as a follower gets them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from models_app.domain.learns import Learn
from models_app.domain.scoring import Scores

#: A place that one can stand at: `Place` in the journal of one model, `Position` in that of all.
At = TypeVar("At")


@dataclass(frozen=True, slots=True)
class Read(Generic[At]):
    """Learns as they were read from the journal, and the place after them."""

    ends_at: At
    learns: Sequence[Learn]


@dataclass(frozen=True, slots=True)
class Known(Generic[At]):
    """What learns scored that this process has committed, and the place after them.

    `at` is when it heard of them, in seconds since the epoch.
    """

    ends_at: At
    scores: Sequence[Scores]
    at: float = field(default_factory=time.time)

    @property
    def n_learns(self) -> int:
        """The number of learns, those that could not be scored among them."""
        return sum(some.n + len(some.unscored) for some in self.scores)
