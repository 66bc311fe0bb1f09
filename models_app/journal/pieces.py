"""Pieces of the journal: learns that one commit has written, as a follower gets them."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from models_app.domain.learns import Learn
from models_app.domain.scoring import Scores

#: A place that one can stand at: `Place` in the journal of one model, `Position` in that of all.
At = TypeVar("At")


class Read(msgspec.Struct, Generic[At], frozen=True, gc=False):
    """Learns as they were read from the journal, and the place after them.

    `flavor` is that of their model, where all models are followed.
    """

    ends_at: At
    learns: Sequence[Learn]
    flavor: str = ""


class Known(msgspec.Struct, Generic[At], frozen=True, gc=False):
    """The scores of `n_learns` learns that this process has committed, and the place after them.

    `flavor` is that of their model, where all models are followed; `at` is when it heard of them, in seconds
    since the epoch, where that is of use.
    """

    ends_at: At
    scores: Sequence[Scores]
    n_learns: int
    flavor: str = ""
    at: float = 0.0
